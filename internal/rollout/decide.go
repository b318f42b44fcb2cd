// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Standing is how far an upgrade is with one network.
type Standing string

// The standings of a network.
const (
	// Waiting networks are well and run the version before.
	Waiting Standing = "Waiting"
	// Ailing networks were not Ready before anything was changed. They come last, and nobody waits for them.
	Ailing Standing = "Ailing"
	// Moving networks are being brought to the new version.
	Moving Standing = "Moving"
	// Failed networks did not come up with the new version.
	Failed Standing = "Failed"
	// Moved networks run the new version.
	Moved Standing = "Moved"
)

// Standings lists them in the order in which a network goes through them.
func Standings() []Standing { return []Standing{Ailing, Waiting, Moving, Failed, Moved} }

// Network is what a decision needs to know of one network.
type Network struct {
	Name     types.NamespacedName
	Standing Standing
	First    bool      // its owners want it to be among the first
	Resting  bool      // it is suspended: that it moves shows nothing
	Created  time.Time // older ones come first
}

// Decision says who may begin to move now.
type Decision struct {
	// Admitted networks may begin.
	Admitted map[types.NamespacedName]bool
	// Stopped says that a network has failed, so that nobody may begin.
	Stopped bool
	// Count is the number of networks of each standing.
	Count map[Standing]int
}

// Decide looks at all networks that ran a version before. It admits no more than the stage has room for beside those that
// move already. Two callers with the same picture admit the same networks, so that they never admit too many together.
func (s Stages) Decide(networks []Network) Decision {
	d := Decision{Admitted: map[types.NamespacedName]bool{}, Count: map[Standing]int{}}
	for _, n := range networks {
		d.Count[n.Standing]++
	}
	d.Stopped = d.Count[Failed] > 0
	if d.Stopped {
		return d
	}
	room, last := s.room(len(networks), d.Count)
	for _, n := range inOrder(networks) {
		if last || (n.Standing == Waiting && room > 0) {
			d.Admitted[n.Name] = true
			room--
		}
	}
	return d
}

// room is how many networks may begin in the first stage that is not complete; in the last one, all may.
func (s Stages) room(total int, count map[Standing]int) (room int, last bool) {
	well := total - count[Ailing]
	for _, stage := range s {
		width := stage.of(total)
		if width < total && count[Moved] < min(width, well) {
			return width - count[Moved] - count[Moving], false
		}
	}
	return 0, true
}

// inOrder lists those that have not begun: those that are to be first, then by age; those that rest and those that ail last.
func inOrder(networks []Network) []Network {
	var list []Network
	for _, n := range networks {
		if n.Standing == Waiting || n.Standing == Ailing {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b Network) int {
		return cmp.Or(
			rank(a.Standing == Ailing)-rank(b.Standing == Ailing),
			rank(b.First)-rank(a.First),
			rank(a.Resting)-rank(b.Resting),
			a.Created.Compare(b.Created),
			cmp.Compare(a.Name.Namespace, b.Name.Namespace),
			cmp.Compare(a.Name.Name, b.Name.Name),
		)
	})
	return list
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
