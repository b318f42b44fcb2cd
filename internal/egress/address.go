// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package egress

import (
	"fmt"
	"net/netip"
)

// Class is what an address is for, in words for people.
type Class string

// The classes of addresses. Only Public is dialled without leave.
const (
	Public        Class = "public"
	Unspecified   Class = "unspecified"
	Loopback      Class = "loopback"
	LinkLocal     Class = "link-local"
	Private       Class = "private"
	Shared        Class = "shared (carrier-grade NAT)"
	Multicast     Class = "multicast"
	Metadata      Class = "cloud metadata"
	Benchmark     Class = "benchmark"
	Documentation Class = "documentation"
	Reserved      Class = "reserved"
	Cluster       Class = "cluster" // of this cluster; Classify does not know it, a Policy does
)

// special lists the ranges that are not public, the narrower before the wider: the special-purpose registries of
// IANA, and addresses that clouds answer on inside their machines.
var special = []struct {
	prefix netip.Prefix
	class  Class
}{
	{netip.MustParsePrefix("168.63.129.16/32"), Metadata}, // Azure's own services
	{netip.MustParsePrefix("0.0.0.0/8"), Unspecified},
	{netip.MustParsePrefix("10.0.0.0/8"), Private},
	{netip.MustParsePrefix("100.64.0.0/10"), Shared},
	{netip.MustParsePrefix("127.0.0.0/8"), Loopback},
	{netip.MustParsePrefix("169.254.0.0/16"), LinkLocal},
	{netip.MustParsePrefix("172.16.0.0/12"), Private},
	{netip.MustParsePrefix("192.0.0.0/24"), Reserved}, // IETF protocols; Oracle's metadata service
	{netip.MustParsePrefix("192.0.2.0/24"), Documentation},
	{netip.MustParsePrefix("192.88.99.0/24"), Reserved}, // 6to4 relays
	{netip.MustParsePrefix("192.168.0.0/16"), Private},
	{netip.MustParsePrefix("198.18.0.0/15"), Benchmark},
	{netip.MustParsePrefix("198.51.100.0/24"), Documentation},
	{netip.MustParsePrefix("203.0.113.0/24"), Documentation},
	{netip.MustParsePrefix("224.0.0.0/4"), Multicast},
	{netip.MustParsePrefix("240.0.0.0/4"), Reserved},

	{netip.MustParsePrefix("::/128"), Unspecified},
	{netip.MustParsePrefix("::1/128"), Loopback},
	{netip.MustParsePrefix("64:ff9b:1::/48"), Private}, // NAT64 prefixes that a network chose for itself
	{netip.MustParsePrefix("2001:2::/48"), Benchmark},
	{netip.MustParsePrefix("2001:db8::/32"), Documentation},
	{netip.MustParsePrefix("3fff::/20"), Documentation},
	{netip.MustParsePrefix("fc00::/7"), Private},
	{netip.MustParsePrefix("fec0::/10"), Private},
	{netip.MustParsePrefix("fe80::/10"), LinkLocal},
	{netip.MustParsePrefix("ff00::/8"), Multicast},
}

// carriers are IPv6 ranges whose addresses hold IPv4 addresses, and where. A packet to such an address may end at
// the IPv4 address, so it is no better than that.
var carriers = []struct {
	prefix   netip.Prefix
	at       []int // offsets of the bytes
	inverted bool  // the last of them is written inverted
}{
	{netip.MustParsePrefix("::ffff:0:0:0/96"), []int{12}, false}, // IPv4-translated
	{netip.MustParsePrefix("::/96"), []int{12}, false},           // IPv4-compatible
	{nat64, []int{12}, false},
	{netip.MustParsePrefix("2002::/16"), []int{2}, false}, // 6to4
	{teredo, []int{4, 12}, true},                          // server and client
}

var (
	global    = netip.MustParsePrefix("2000::/3")
	protocols = netip.MustParsePrefix("2001::/23") // IETF protocols
	teredo    = netip.MustParsePrefix("2001::/32") // one of them
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
)

// Classify tells what an address is for. It is pure. An address that carries an IPv4 address is of that one's class
// unless it is of a special class itself.
func Classify(a netip.Addr) Class {
	if !a.IsValid() {
		return Reserved
	}
	a = a.WithZone("").Unmap()
	for _, s := range special {
		if s.prefix.Contains(a) {
			return s.class
		}
	}
	for _, inner := range embedded(a) {
		if class := Classify(inner); class != Public {
			return class
		}
	}
	if a.Is4() || nat64.Contains(a) || teredo.Contains(a) || global.Contains(a) && !protocols.Contains(a) {
		return Public
	}
	return Reserved
}

// embedded lists the IPv4 addresses that an IPv6 address carries.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	bytes := a.As16()
	if isatap(a) {
		return []netip.Addr{netip.AddrFrom4([4]byte(bytes[12:]))}
	}
	for _, c := range carriers {
		if !c.prefix.Contains(a) {
			continue
		}
		var found []netip.Addr
		for i, at := range c.at {
			v4 := [4]byte(bytes[at : at+4])
			if c.inverted && i == len(c.at)-1 {
				for j := range v4 {
					v4[j] = ^v4[j]
				}
			}
			found = append(found, netip.AddrFrom4(v4))
		}
		return found
	}
	return nil
}

// isatap knows an address whose last half is ISATAP's: 0000:5efe or 0200:5efe and an IPv4 address.
func isatap(a netip.Addr) bool {
	b := a.As16()
	return a.Is6() && b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// Policy says which addresses may be dialled. The zero Policy allows what is public.
type Policy struct {
	// Allow lists prefixes that may be dialled whatever they are. It is the operator's word and wins over all else.
	Allow []netip.Prefix
	// Deny lists the cluster's own ranges: of pods, services and nodes, which need not be private.
	Deny []netip.Prefix
}

// Check is nil for an address that may be dialled, and a *Refused for any other.
func (p Policy) Check(a netip.Addr) error {
	a = a.WithZone("").Unmap()
	if within(p.Allow, a) {
		return nil
	}
	for _, each := range append(embedded(a), a) {
		if within(p.Deny, each) {
			return &Refused{Cluster}
		}
	}
	if class := Classify(a); class != Public {
		return &Refused{class}
	}
	return nil
}

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Refused says that a server's address is one that must not be dialled, and its class, never the address.
type Refused struct{ Class Class }

// Error names the class.
func (r *Refused) Error() string {
	return fmt.Sprintf("the server's address is %s and is not allowed", r.Class)
}

// ParsePrefixes reads what an operator lists in a flag: prefixes such as 10.20.0.0/16, or single addresses.
func ParsePrefixes(words []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, word := range words {
		if a, err := netip.ParseAddr(word); err == nil && a.Zone() == "" {
			a = a.Unmap()
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an IP address nor a prefix such as 10.20.0.0/16", word)
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is an IPv4 prefix in IPv6 form: write it as IPv4", word)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
