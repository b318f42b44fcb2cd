// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// explained says how each category of a member is explained.
func (w *world) explained(g *WithT, id uuid.UUID, policies ...settings.Retention) map[string]Reason {
	w.t.Helper()
	e, err := Explain(w.t.Context(), w.pool, policies, id)
	g.Expect(err).NotTo(HaveOccurred())
	text, err := json.Marshal(e)
	g.Expect(err).NotTo(HaveOccurred())
	canary.Scan(w.t, "the explanation", string(text))
	all := map[string]Reason{}
	for _, r := range e.Categories {
		all[r.Category] = r
	}
	return all
}

func TestAnExplanationSaysUntilWhenAndWhy(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Listed", left: days(1000), children: true},
		someone{state: "Listed", left: days(4000)},
		someone{state: "Active", active: days(1)},
		someone{state: "Withdrawn", withdrawn: days(1), request: ago(time.Hour)},
		someone{state: "Withdrawn", withdrawn: days(1), request: ago(time.Hour)},
	)
	w.listed(4000, ids[:4]...)
	w.listed(10, ids[4])
	w.deliver(w.campaignRun("Finished", 100), ids[0], "Sent", days(100), 100)
	policy := w.job("x", "Enforce", leavers, logs).Policy
	policy.Minimums = []settings.RetentionMinimum{minimum("p/law", "Profile", "Statutory", "P1Y"), minimum("p/wish", "DeliveryLogs", "Business", "P2Y")}
	preview := w.job("x", "DryRun", gone).Policy
	preview.Policy = "everywhere"
	today := time.Now().UTC().Format(time.DateOnly)

	soon := w.explained(g, ids[0], policy, preview)
	person := soon["Profile"]
	g.Expect(person.KeptUntil > today).To(BeTrue())
	g.Expect(person.Due).To(BeFalse())
	g.Expect(person.Because).To(MatchRegexp(`^rule leavers of policy group-default erases P5Y after Departed, from \d{4}-\d\d-\d\d on$`))
	g.Expect(person.Rows).To(Equal(int64(1+1+2)), "the member, an employment, two visibilities")
	g.Expect(soon["Consent"].Because).To(Equal("it goes with the person"))
	g.Expect(soon["Consent"].KeptUntil).To(Equal(person.KeptUntil))
	g.Expect(soon["DeliveryLogs"].Because).To(MatchRegexp(`^of the oldest row: rule logs of policy group-default erases P13M after Sent, .*, but minimum p/wish \(Business, APPI 29/30\) keeps for P2Y after Sent`))
	g.Expect(soon["DeliveryLogs"].KeptUntil < person.KeptUntil).To(BeTrue())

	g.Expect(w.explained(g, ids[1], policy)["Profile"].Due).To(BeTrue())
	g.Expect(w.explained(g, ids[2], policy, preview)["Profile"]).To(Equal(Reason{Category: "Profile", Rows: 1,
		Because: "no rule concerns them, or nobody knows the event from which one counts"}))
	asked := w.explained(g, ids[3], preview, policy)["Profile"]
	g.Expect(asked.Due).To(BeTrue())
	g.Expect(asked.Because).To(Equal("they left the network: the next run for requests erases them"))
	kept := w.explained(g, ids[4], preview, policy)["Profile"]
	g.Expect(kept.Due).To(BeFalse())
	g.Expect(kept.Because).To(Equal("they left the network, and minimum p/law (Statutory, APPI 29/30) keeps for P1Y after Created"))

	w.exec(`DELETE FROM alumni.erasure_request`)
	g.Expect(w.explained(g, ids[3], preview)["Profile"].Because).To(HaveSuffix("; the policy only previews"))
}

func TestAnExplanationAgreesWithWhatARunDoes(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(theStaff()...)
	job := w.job("one", "Enforce", leavers, idle, gone)
	due := map[uuid.UUID]bool{}
	for _, id := range ids {
		due[id] = w.explained(g, id, job.Policy)["Profile"].Due
	}
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
	left := map[uuid.UUID]bool{}
	for _, id := range w.members() {
		left[id] = true
	}
	for i, id := range ids {
		g.Expect(due[id]).To(Equal(!left[id]), "person %d", i)
	}
}

func TestNobodyIsExplainedWhoIsNotThere(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	_, err := Explain(t.Context(), w.pool, []settings.Retention{w.job("x", "DryRun", leavers).Policy}, uuid.New())
	g.Expect(err).To(MatchError(ErrNoMember))
	_, err = Explain(t.Context(), w.pool, nil, uuid.New())
	g.Expect(err).To(MatchError(plan.ErrPolicy))
}

func TestTheWorkerExplainsAtATerminal(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(1000), children: true})
	var out bytes.Buffer
	cmd := w.worker(w.job("one", "Enforce", leavers), &out)
	mounted := map[string]string{}
	for i := 0; i+1 < len(cmd.Args); i++ {
		mounted[cmd.Args[i]] = cmd.Args[i+1]
	}
	call := func(args ...string) error {
		out.Reset()
		again := exec.Command(cmd.Path, append([]string{"retention", "explain", "--database-dir", mounted["--database-dir"],
			"--policy", filepath.Join(mounted["--policy-dir"], settings.RetentionFile)}, args...)...)
		again.Stdout, again.Stderr = &out, &out
		return again.Run()
	}
	g.Expect(call("--member", ids[0].String())).To(Succeed(), out.String())
	g.Expect(out.String()).To(MatchRegexp(`(?m)^Profile +4 rows, kept until \d{4}-\d\d-\d\d, because rule leavers of policy group-default erases P5Y after Departed`))
	canary.Scan(t, "the explanation", out.String())
	g.Expect(call("--member", ids[0].String(), "--output", "json")).To(Succeed())
	var e Explanation
	g.Expect(json.Unmarshal(out.Bytes(), &e)).To(Succeed())
	g.Expect(e.Categories[0].Category).To(Equal("Profile"))

	for name, args := range map[string][]string{"nobody": {"--member", uuid.NewString()}, "no member": nil, "no identifier": {"--member", "x"},
		"no output": {"--member", ids[0].String(), "--output", "xml"}} {
		g.Expect(call(args...)).To(MatchError("exit status 2"), name)
	}
}
