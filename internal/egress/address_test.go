// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package egress

import (
	"errors"
	"net/netip"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

func TestEveryAddressHasItsClass(t *testing.T) {
	for address, want := range map[string]Class{
		"8.8.8.8": Public, "1.1.1.1": Public, "203.0.112.255": Public, "172.15.255.255": Public, "172.32.0.0": Public,
		"100.63.255.255": Public, "100.128.0.0": Public, "192.0.1.0": Public, "198.17.255.255": Public, "198.20.0.0": Public,
		"223.255.255.255": Public, "168.63.129.15": Public, "126.255.255.255": Public, "128.0.0.0": Public, "169.253.255.255": Public,
		"0.0.0.0": Unspecified, "0.1.2.3": Unspecified,
		"10.0.0.0": Private, "10.255.255.255": Private, "172.16.0.1": Private, "172.31.255.255": Private, "192.168.0.1": Private,
		"100.64.0.0": Shared, "100.100.100.200": Shared, "100.127.255.255": Shared,
		"127.0.0.1": Loopback, "127.255.255.254": Loopback,
		"169.254.169.254": LinkLocal, "169.254.0.1": LinkLocal, "168.63.129.16": Metadata, "192.0.0.192": Reserved,
		"192.0.2.1": Documentation, "198.51.100.7": Documentation, "203.0.113.9": Documentation,
		"198.18.0.1": Benchmark, "198.19.255.255": Benchmark, "192.88.99.1": Reserved,
		"224.0.0.1": Multicast, "239.255.255.255": Multicast, "240.0.0.1": Reserved, "255.255.255.255": Reserved,

		"2606:4700:4700::1111": Public, "2a00:1450:4001::200e": Public, "2400:cb00::1": Public, "3ffe::1": Public,
		"::": Unspecified, "::1": Loopback, "fe80::1": LinkLocal, "fe80::1%eth0": LinkLocal, "febf::1": LinkLocal,
		"fec0::1": Private, "fc00::1": Private, "fd00:ec2::254": Private, "ff02::1": Multicast, "ff0e::1": Multicast,
		"2001:db8::1": Documentation, "3fff::1": Documentation, "2001:2::1": Benchmark, "2001:2:0:1::": Benchmark,
		"2001:10::1": Reserved, "2001:20::1": Reserved, "2001:1::1": Reserved, "100::1": Reserved, "5f00::1": Reserved, "4000::1": Reserved,

		"::ffff:8.8.8.8": Public, "::ffff:127.0.0.1": Loopback, "::ffff:10.1.2.3": Private, "::ffff:169.254.169.254": LinkLocal,
		"::ffff:0:10.1.2.3": Private, "::ffff:0:8.8.8.8": Reserved, // translated
		"::10.1.2.3": Private, "::8.8.8.8": Reserved, // compatible: nothing routes it
		"64:ff9b::8.8.8.8": Public, "64:ff9b::127.0.0.1": Loopback, "64:ff9b::a9fe:a9fe": LinkLocal, "64:ff9b::192.168.1.1": Private,
		"64:ff9b:1::1": Private, "64:ff9b:1:ffff::8.8.8.8": Private, "64:ff9b:2::8.8.8.8": Reserved,
		"2002:808:808::1": Public, "2002:7f00:1::": Loopback, "2002:a01:203::1": Private, "2002:a9fe:a9fe::": LinkLocal, "2002:e000:1::": Multicast,
		// Teredo: server 8.8.8.8 or 10.0.0.1, client inverted.
		"2001:0:808:808:0:0:f7f7:f7f7": Public, "2001:0:808:808:0:0:80ff:fffe": Loopback, "2001:0:a00:1:0:0:f7f7:f7f7": Private,
		"2001:0:808:808:0:0:5601:5601": LinkLocal,
		"2a00:1450::5efe:10.1.2.3":     Private, "2a00:1450::200:5efe:127.0.0.1": Loopback, "2a00:1450::5efe:8.8.8.8": Public, // ISATAP
	} {
		t.Run(address, func(t *testing.T) {
			NewWithT(t).Expect(Classify(netip.MustParseAddr(address))).To(Equal(want))
		})
	}
	NewWithT(t).Expect(Classify(netip.Addr{})).To(Equal(Reserved), "no address at all")
}

func TestNoFormOfAPrivateAddressIsPublic(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		inner := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(r, "address")))
		b := inner.As4()
		tail := func(prefix string) netip.Addr {
			out := netip.MustParseAddr(prefix).As16()
			copy(out[12:], b[:])
			return netip.AddrFrom16(out)
		}
		sixToFour := netip.MustParseAddr("2002::1").As16()
		copy(sixToFour[2:], b[:])
		client := netip.MustParseAddr("2001:0:808:808::").As16()
		for i := range b {
			client[12+i] = ^b[i]
		}
		want := Classify(inner)
		for _, form := range []netip.Addr{netip.AddrFrom16(inner.As16()), tail("64:ff9b::"), netip.AddrFrom16(sixToFour), netip.AddrFrom16(client), tail("2a00:1450::5efe:0:0")} {
			if got := Classify(form); got != want {
				r.Fatalf("%s is %s, and %s is %s", inner, want, form, got)
			}
		}
	})
}

func TestAPolicyKnowsTheClusterAndTheOperatorsLeave(t *testing.T) {
	prefixes := func(words ...string) []netip.Prefix {
		p, err := ParsePrefixes(words)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		return p
	}
	p := Policy{Allow: prefixes("10.20.0.0/16", "198.51.100.7", "fd00:1::/32"), Deny: prefixes("34.118.224.0/20", "2600:1900::/28")}
	for name, c := range map[string]struct {
		address string
		want    Class // empty: allowed
	}{
		"a public address":                      {"8.8.8.8", ""},
		"a private address":                     {"10.21.0.1", Private},
		"an allowed private address":            {"10.20.3.4", ""},
		"the same, mapped":                      {"::ffff:10.20.3.4", ""},
		"an allowed single address":             {"198.51.100.7", ""},
		"its neighbour":                         {"198.51.100.8", Documentation},
		"an allowed IPv6 network":               {"fd00:1::1", ""},
		"another IPv6 network":                  {"fd00:2::1", Private},
		"a service of the cluster":              {"34.118.230.1", Cluster},
		"that service, mapped":                  {"::ffff:34.118.230.1", Cluster},
		"the same through NAT64":                {"64:ff9b::34.118.230.1", Cluster},
		"the same through 6to4":                 {"2002:2276:e601::1", Cluster},
		"a pod with a public IPv6 address":      {"2600:1901::1", Cluster},
		"an address beside the cluster's":       {"34.118.240.1", ""},
		"a private address with NAT64 in front": {"64:ff9b::10.20.3.4", Private},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			err := p.Check(netip.MustParseAddr(c.address))
			if c.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			var refused *Refused
			g.Expect(errors.As(err, &refused)).To(BeTrue())
			g.Expect(refused.Class).To(Equal(c.want))
			g.Expect(err.Error()).NotTo(ContainSubstring(c.address))
		})
	}
}

func TestAPrefixThatIsNoneIsToldWithItsText(t *testing.T) {
	for _, word := range []string{"10.0.0.0/33", "example.com", "", "fe80::1%eth0", "::ffff:10.0.0.0/104"} {
		_, err := ParsePrefixes([]string{"10.0.0.0/8", word})
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("%q", word)))
	}
}
