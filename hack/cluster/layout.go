// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"regexp"
)

// slots is how many clusters can run side by side. All addresses come from
// 198.18.0.0/15, which RFC 2544 keeps for tests, so that no real network has them.
const slots = 32

// validName keeps a name short enough for a node name, a link and a cgroup.
var validName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$`)

// Layout is every network address of one cluster. It follows from the slot
// alone, so two clusters with different slots never share an address.
type Layout struct {
	Slot       int
	Link       string       // name of the host's end of the link
	HostIP     netip.Addr   // the host's address on the link
	NodeIP     netip.Addr   // the node's address: API server and NodePorts
	LinkNet    netip.Prefix // the link's network of two addresses
	ServiceNet netip.Prefix // ClusterIPs
	PodNet     netip.Prefix // pod addresses
	APIService netip.Addr   // ClusterIP of the Service "kubernetes"
	DNSService netip.Addr   // ClusterIP of the cluster's DNS
}

// NewLayout gives the addresses of a slot between 0 and slots-1.
func NewLayout(slot int) (Layout, error) {
	if slot < 0 || slot >= slots {
		return Layout{}, fmt.Errorf("slot %d is not between 0 and %d", slot, slots-1)
	}
	s := byte(slot)
	services := netip.AddrFrom4([4]byte{198, 18, 128 + 4*s, 0})
	link := netip.AddrFrom4([4]byte{198, 18, s, 0})
	return Layout{
		Slot:       slot,
		Link:       fmt.Sprintf("alumni%d", slot),
		HostIP:     link.Next(),
		NodeIP:     link.Next().Next(),
		LinkNet:    netip.PrefixFrom(link, 30),
		ServiceNet: netip.PrefixFrom(services, 22),
		PodNet:     netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 19, 8 * s, 0}), 21),
		APIService: services.Next(),
		DNSService: netip.AddrFrom4([4]byte{198, 18, 128 + 4*s, 10}),
	}, nil
}

// APIServer is the address under which every client, on the host and inside
// the cluster, finds the API server.
func (l Layout) APIServer() string {
	return "https://" + netip.AddrPortFrom(l.NodeIP, 6443).String()
}

// checkName says in one sentence what is wrong with a cluster name.
func checkName(name string) error {
	if validName.MatchString(name) {
		return nil
	}
	return fmt.Errorf("cluster name %q: use 1 to 32 of a-z, 0-9 and '-', starting with a letter and not ending with '-'", name)
}

// chooseSlot picks the slot that a name prefers, or the next free one. The
// preference makes a name come back to the same addresses on a quiet machine.
func chooseSlot(name string, used map[int]bool) (int, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash never fails to write
	first := int(h.Sum32() % slots)
	for i := range slots {
		if slot := (first + i) % slots; !used[slot] {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("all %d address ranges are in use: remove a cluster first", slots)
}
