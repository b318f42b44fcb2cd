// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import "time"

// maxZone is more than the longest name of an IANA zone.
const maxZone = 64

// KnownZone tells whether a name is that of an IANA time zone. "Local" and the empty name are none, for they mean another
// zone on another machine.
func KnownZone(name string) bool {
	if name == "" || name == "Local" || len(name) > maxZone {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// ZoneRegion is a part of the world with the zones that are offered there. A member may have any other that is known.
type ZoneRegion struct {
	Name  string
	Zones []string
}

// ZoneRegions lists the zones that are offered, Japan's first: where people who left a Japanese company are likely to live.
func ZoneRegions() []ZoneRegion {
	return []ZoneRegion{
		{"Asia", []string{"Asia/Tokyo", "Asia/Seoul", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Manila", "Asia/Singapore",
			"Asia/Kuala_Lumpur", "Asia/Ho_Chi_Minh", "Asia/Bangkok", "Asia/Jakarta", "Asia/Kolkata", "Asia/Dubai"}},
		{"Pacific", []string{"Australia/Sydney", "Australia/Brisbane", "Australia/Perth", "Pacific/Auckland", "Pacific/Honolulu"}},
		{"Europe", []string{"Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Amsterdam", "Europe/Zurich", "Europe/Madrid", "Europe/Rome",
			"Europe/Stockholm", "Europe/Warsaw", "Europe/Helsinki", "Europe/Istanbul"}},
		{"America", []string{"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto", "America/Vancouver",
			"America/Mexico_City", "America/Sao_Paulo"}},
		{"Africa", []string{"Africa/Cairo", "Africa/Lagos", "Africa/Nairobi", "Africa/Johannesburg"}},
	}
}
