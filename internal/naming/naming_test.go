// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package naming_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// label draws a DNS label as Kubernetes lets a namespace or network be called, with a liking for what is awkward.
func label(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			return rapid.SampledFrom([]string{"pg", "postgres", "template0", "template1", "public", "none", "catalog", "select", "user", "all", "a", "0", "x--y",
				strings.Repeat("a", most), strings.Repeat("a", most-1) + "b", strings.Repeat("ab-", most/3) + "a"}).Filter(func(s string) bool { return len(s) <= most }).Draw(t, "awkward")
		}
		return rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,`+itoa(most-2)+`}[a-z0-9])?`).Draw(t, "label")
	})
}

func itoa(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

var (
	anyLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	due      = time.Date(2125, 12, 31, 23, 59, 0, 0, time.UTC)
)

// TestDatabaseNamesFitAndNeverMeet draws two networks and holds their databases and roles against each other.
func TestDatabaseNamesFitAndNeverMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		seen := map[string]string{}
		networks := map[string]bool{}
		for range 3 {
			namespace, name := label(63).Draw(t, "namespace"), label(40).Draw(t, "name")
			if networks[namespace+"/"+name] {
				continue
			}
			networks[namespace+"/"+name] = true
			database := naming.Database(namespace, name)
			names := []string{database}
			for _, role := range naming.Roles() {
				names = append(names, naming.DatabaseLogin(database, role, naming.GenerationA), naming.DatabaseLogin(database, role, naming.GenerationB))
			}
			for _, n := range names {
				g.Expect(len(n)).To(BeNumerically("<=", 63), n)
				g.Expect(n).NotTo(HavePrefix("pg_"), "reserved for PostgreSQL's own roles")
				g.Expect(n).NotTo(BeElementOf("postgres", "template0", "template1", "public", "none"))
				g.Expect(seen).NotTo(HaveKey(n), "%s and %s/%s", seen[n], namespace, name)
				seen[n] = namespace + "/" + name
			}
			g.Expect(naming.Database(namespace, name)).To(Equal(database), "the same every time")
		}
	})
}

// TestNamesThatOnlyACutMakesAlikeStayApart holds names together that share every byte but the last.
func TestNamesThatOnlyACutMakesAlikeStayApart(t *testing.T) {
	g := NewWithT(t)
	long := strings.Repeat("n", 62)
	seen := map[string]bool{}
	for _, pair := range [][2]string{
		{long + "a", "alumni"}, {long + "b", "alumni"}, {long, "alumni"}, {long + "a", "alumni2"}, {"n", "a"}, {"pg", "catalog"}, {"pg", "catalog2"},
	} {
		name := naming.Database(pair[0], pair[1])
		g.Expect(seen).NotTo(HaveKey(name))
		seen[name] = true
	}
}

// TestChildrenHaveNamesThatKubernetesTakes draws owners' names as the API lets them be.
func TestChildrenHaveNamesThatKubernetesTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		network, other := label(40).Draw(t, "network"), label(40).Draw(t, "other")
		names := []string{
			naming.AdminSecret(network), naming.StoreServer(network), naming.StoreClaim(network), naming.Portal(network), naming.PortalCertificate(network),
			naming.NetworkConfig(network), naming.TokenKeySecret(network), naming.PepperSecret(network), naming.CampaignConfig(other),
			naming.RetentionConfig(other, network), naming.Certificate(other, network), naming.SigningSecret(other),
			naming.Run(other, due), naming.RetentionRun(other, network, "s", due), naming.RetentionRun(other, network, "r", due),
			naming.RosterRun(network, "0123456789abcdef"),
		}
		for _, role := range naming.Roles() {
			names = append(names, naming.DatabaseSecret(network, role))
		}
		seen := map[string]bool{}
		for _, n := range names {
			g.Expect(len(n)).To(BeNumerically("<=", 63), n)
			g.Expect(anyLabel.MatchString(n)).To(BeTrue(), n)
			g.Expect(seen).NotTo(HaveKey(n))
			seen[n] = true
		}
	})
}

func TestARunThatIsSentAgainHasANumber(t *testing.T) {
	g := NewWithT(t)
	g.Expect(naming.Resend("news-29410560")).To(Equal("news-29410560-r1"))
	g.Expect(naming.Resend("news-29410560-r1")).To(Equal("news-29410560-r2"))
	g.Expect(naming.Resend("news-29410560-r9")).To(Equal("news-29410560-r10"))
	g.Expect(naming.Resend("a-r5-29410560")).To(Equal("a-r5-29410560-r1"), "that number is of the campaign's name")
	g.Expect(len(naming.Resend(naming.Resend(naming.Run(strings.Repeat("a", 40), due))))).To(BeNumerically("<=", 63))
}
