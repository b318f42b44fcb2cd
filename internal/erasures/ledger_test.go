// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package erasures

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

var hoshino = backup.Network{Cluster: "test", Namespace: "hoshino", Name: "main", UID: "uid-1"}

// places are where a ledger can lie.
var places = map[string]func(*testing.T) *Ledger{
	"on a volume": func(t *testing.T) *Ledger { l, _ := onVolume(t); return l },
}

func onVolume(t *testing.T) (ledger *Ledger, dir string) {
	t.Helper()
	volume := t.TempDir()
	d, err := backup.OpenVolume(volume, "main/"+Folder)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return &Ledger{Destination: d, Network: hoshino}, filepath.Join(volume, "main", Folder)
}

func intent(at time.Time, digit string) Intent {
	return Intent{Run: "keep-main-r-1", Rule: "leavers", At: at, Pepper: strings.Repeat("ab", 32), Erased: []Mark{
		{Kind: tombstone.Member, Key: strings.Repeat(digit, 64)}, {Kind: tombstone.Email, Key: strings.Repeat("0"+digit, 32)},
	}}
}

func TestAnIntentIsOpenUntilItsOutcomeIsNotedAndBindsUnlessItWasDropped(t *testing.T) {
	for name, open := range places {
		t.Run(name, func(t *testing.T) {
			g, ctx, l := NewWithT(t), t.Context(), open(t)
			day := time.Date(2027, 4, 1, 9, 0, 0, 0, time.UTC)
			var names []string
			for i := range 4 {
				name, err := l.Intend(ctx, intent(day.Add(time.Duration(i)*time.Hour), string(rune('1'+i))))
				g.Expect(err).NotTo(HaveOccurred())
				names = append(names, name)
			}
			g.Expect(l.Open(ctx, day.Add(24*time.Hour))).To(Equal(names))
			g.Expect(l.Open(ctx, day.Add(time.Hour))).To(Equal(names[:1]), "younger ones may be of a transaction under way")

			g.Expect(l.Done(ctx, names[0], day)).To(Succeed())
			g.Expect(l.Dropped(ctx, names[1], day)).To(Succeed())
			g.Expect(l.Dropped(ctx, names[2], day)).To(Succeed())
			g.Expect(l.Done(ctx, names[2], day)).To(Succeed())

			g.Expect(l.Open(ctx, day.Add(24*time.Hour))).To(Equal(names[3:]))
			g.Expect(l.Binding(ctx, time.Time{})).To(Equal([]string{names[0], names[2], names[3]}), "when in doubt, who was erased stays so")
			g.Expect(l.Binding(ctx, day.Add(2*time.Hour))).To(Equal([]string{names[2], names[3]}))
			got, err := l.Read(ctx, names[3])
			g.Expect(err).NotTo(HaveOccurred())
			want := intent(day.Add(3*time.Hour), "4")
			want.Format, want.Network = format, hoshino
			g.Expect(got).To(Equal(want))
		})
	}
}

func TestAnEntryThatIsNotWholeOrNotOursIsDamage(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	l, dir := onVolume(t)
	name, err := l.Intend(ctx, intent(time.Now(), "1"))
	g.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(dir, name+intentSuffix)
	good, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	for name, change := range map[string]func(string) string{
		"a lost end":               func(s string) string { return s[:len(s)-9] },
		"nothing":                  func(string) string { return "" },
		"a format of tomorrow":     func(s string) string { return strings.Replace(s, `"format":1`, `"format":2`, 1) },
		"another network":          func(s string) string { return strings.Replace(s, `"hoshino"`, `"tanaka"`, 1) },
		"a key that is too short":  func(s string) string { return strings.Replace(s, "1111", "11", 1) },
		"a kind that is not known": func(s string) string { return strings.Replace(s, `"Email"`, `"Phone"`, 1) },
		"nobody":                   func(s string) string { return s[:strings.Index(s, `[`)] + "[]}" },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			changed := change(string(good))
			g.Expect(changed).NotTo(Equal(string(good)))
			g.Expect(os.WriteFile(file, []byte(changed), 0o600)).To(Succeed())
			_, err := l.Read(ctx, strings.TrimSuffix(filepath.Base(file), intentSuffix))
			g.Expect(err).To(MatchError(ErrDamaged))
		})
	}
	g.Expect(os.WriteFile(file, good, 0o600)).To(Succeed())
	again := *l
	again.Network.UID = "uid-2"
	_, err = again.Read(ctx, name)
	g.Expect(err).NotTo(HaveOccurred(), "a network that was declared again is the same one")

	g.Expect(os.WriteFile(filepath.Join(dir, "by-hand"+intentSuffix), good, 0o600)).To(Succeed())
	_, err = l.Binding(ctx, time.Time{})
	g.Expect(err).To(MatchError(ErrDamaged), "one without a time is not passed over in silence")
}

func TestALedgerThatCannotBeReachedSaysSo(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	l := &Ledger{Destination: backup.Closed(backup.Fail(backup.DestinationNotFound, "the volume is not mounted")), Network: hoshino}
	_, err := l.Intend(ctx, intent(time.Now(), "1"))
	g.Expect(err).To(MatchError(ErrUnavailable))
	_, err = l.Open(ctx, time.Now())
	g.Expect(err).To(MatchError(ErrUnavailable))
	g.Expect(l.Done(ctx, "x", time.Now())).To(MatchError(ErrUnavailable))

	empty, err := backup.LookIntoVolume(t.TempDir(), "main/"+Folder)
	g.Expect(err).NotTo(HaveOccurred())
	l.Destination = empty
	g.Expect(l.Binding(ctx, time.Time{})).To(BeEmpty(), "a network that has erased nobody has no folder")
}
