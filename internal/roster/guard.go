// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"net/netip"
)

// refusedPrefixes are addresses that no HR system has: this machine, this link, whole groups, nobody, and the
// servers that hand out a cloud machine's credentials. Private networks are allowed: HR systems live there.
var refusedPrefixes = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),          // this network
	netip.MustParsePrefix("127.0.0.0/8"),        // loopback
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local, with the metadata servers of most clouds
	netip.MustParsePrefix("100.100.100.200/32"), // metadata, Alibaba Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // metadata, Azure
	netip.MustParsePrefix("192.0.0.0/24"),       // protocol assignments, with Oracle Cloud's metadata
	netip.MustParsePrefix("224.0.0.0/4"),        // multicast
	netip.MustParsePrefix("240.0.0.0/4"),        // reserved and broadcast
	netip.MustParsePrefix("::/128"),             // unspecified
	netip.MustParsePrefix("::1/128"),            // loopback
	netip.MustParsePrefix("fe80::/10"),          // link-local
	netip.MustParsePrefix("fec0::/10"),          // site-local, long given up
	netip.MustParsePrefix("ff00::/8"),           // multicast
	netip.MustParsePrefix("fd00:ec2::/32"),      // metadata, Amazon Web Services
	netip.MustParsePrefix("fd20:ce::254/128"),   // metadata, Google Cloud
}

// embedding prefixes carry an IPv4 address inside an IPv6 one, at the byte given.
var embedding = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},   // NAT64
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12}, // NAT64, local
	{netip.MustParsePrefix("2002::/16"), 2},       // 6to4
	{netip.MustParsePrefix("::/96"), 12},          // IPv4-compatible
}

// Permitted judges an address ("ip:port") just before it is dialled.
func Permitted(address string) error {
	port, err := netip.ParseAddrPort(address)
	if err != nil {
		return finally(AddressRefused, "", "the server's address is no IP address")
	}
	if refusedAddress(port.Addr()) {
		return finally(AddressRefused, "", "the server's name leads to a loopback, link-local or metadata address")
	}
	return nil
}

func refusedAddress(address netip.Addr) bool {
	address = address.WithZone("").Unmap()
	for _, prefix := range refusedPrefixes {
		if prefix.Contains(address) {
			return true
		}
	}
	for _, e := range embedding {
		if e.prefix.Contains(address) {
			bytes := address.As16()
			return refusedAddress(netip.AddrFrom4([4]byte(bytes[e.at : e.at+4])))
		}
	}
	return false
}
