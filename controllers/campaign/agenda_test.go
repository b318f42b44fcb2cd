// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func instant(value string) time.Time {
	if value == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		panic(err)
	}
	return t
}

func cronCampaign(cron, zone string) *v1alpha1.Campaign {
	z := v1alpha1.TimeZone(zone)
	return &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Schedule: v1alpha1.CampaignSchedule{Cron: cron, TimeZone: &z}}}
}

func oneShot(at string) *v1alpha1.Campaign {
	t := metav1.NewTime(instant(at))
	return &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Schedule: v1alpha1.CampaignSchedule{At: &t}}}
}

func TestARunIsStartedSoMuchBeforeItIsDueThatItIsPlannedByThen(t *testing.T) {
	g := NewWithT(t)
	created := past{created: instant("2026-11-20T00:00:00Z")}
	due := instant("2026-11-21T00:00:00Z")
	for _, c := range []*v1alpha1.Campaign{cronCampaign("0 9 * * *", "Asia/Tokyo"), oneShot("2026-11-21T00:00:00Z")} {
		early, err := planAgenda(c, created, due.Add(-lead-time.Second))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect([]time.Time{early.start, early.next}).To(HaveExactElements(BeZero(), BeTemporally("==", due)))
		inTime, err := planAgenda(c, created, due.Add(-lead))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(inTime.start).To(BeTemporally("==", due))
		late, err := planAgenda(c, created, due.Add(time.Hour))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(late.start).To(BeTemporally("==", due), "the starting deadline is what it was")
		missed, err := planAgenda(c, created, due.Add(time.Hour+time.Second))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(missed.start).To(BeZero())
		g.Expect(missed.missed).To(Equal(1))
	}
}

func TestATriggerLooksOnceADay(t *testing.T) {
	g := NewWithT(t)
	zone := v1alpha1.TimeZone("Asia/Tokyo")
	c := &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{Schedule: v1alpha1.CampaignSchedule{
		TimeZone: &zone, Trigger: &v1alpha1.CampaignTrigger{Event: v1alpha1.TriggerBirthday, Time: "08:30"}}}}
	plan, err := planAgenda(c, past{created: instant("2026-11-20T00:00:00Z")}, instant("2026-11-20T23:31:00Z"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(plan.start).To(BeTemporally("==", instant("2026-11-20T23:30:00Z")))
	g.Expect(plan.next).To(BeTemporally("==", instant("2026-11-21T23:30:00Z")))
}

func TestAgenda(t *testing.T) {
	tests := map[string]struct {
		campaign                 *v1alpha1.Campaign
		created, handled, newest string
		restored                 string
		now                      string
		start, next, handledTo   string
		missed                   int
		completed                bool
	}{
		"a new monthly campaign waits for its day": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", now: "2026-11-21T01:00:00Z",
			next: "2026-12-01T00:00:00Z", handledTo: "2026-11-21T00:00:00Z",
		},
		"the day comes": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", now: "2026-12-01T00:00:01Z",
			start: "2026-12-01T00:00:00Z", next: "2027-01-01T00:00:00Z", handledTo: "2026-12-01T00:00:00Z",
		},
		"a run that the ledger knows is not started again, whatever status says": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", newest: "2026-12-01T00:00:00Z", now: "2026-12-01T00:10:00Z",
			next: "2027-01-01T00:00:00Z", handledTo: "2026-12-01T00:00:00Z",
		},
		"a due time before the campaign was declared is none": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-12-01T00:10:00Z", now: "2026-12-01T00:11:00Z",
			next: "2027-01-01T00:00:00Z", handledTo: "2026-12-01T00:10:00Z",
		},
		"too late is missed, once": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", now: "2026-12-01T02:00:00Z",
			next: "2027-01-01T00:00:00Z", missed: 1, handledTo: "2026-12-01T00:00:00Z",
		},
		"and not counted again": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", handled: "2026-12-01T00:00:00Z", now: "2026-12-01T03:00:00Z",
			next: "2027-01-01T00:00:00Z", handledTo: "2026-12-01T00:00:00Z",
		},
		"what was due before a restore may have been sent from the former store": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", restored: "2026-12-01T00:10:00Z", now: "2026-12-01T00:11:00Z",
			next: "2027-01-01T00:00:00Z", handledTo: "2026-12-01T00:10:00Z",
		},
		"what comes after a restore is sent": {
			campaign: cronCampaign("0 9 1 * *", "Asia/Tokyo"), created: "2026-11-21T00:00:00Z", restored: "2026-11-30T00:00:00Z", now: "2026-12-01T00:00:01Z",
			start: "2026-12-01T00:00:00Z", next: "2027-01-01T00:00:00Z", handledTo: "2026-12-01T00:00:00Z",
		},
		"one moment before a restore": {
			campaign: oneShot("2026-12-01T09:00:00+09:00"), created: "2026-11-21T00:00:00Z", restored: "2026-12-01T00:10:00Z", now: "2026-12-01T00:11:00Z",
			missed: 1, handledTo: "2026-12-01T00:00:00Z",
		},
		"and it is counted once": {
			campaign: oneShot("2026-12-01T09:00:00+09:00"), created: "2026-11-21T00:00:00Z", handled: "2026-12-01T00:00:00Z", restored: "2026-12-01T00:10:00Z",
			now: "2026-12-01T00:12:00Z", handledTo: "2026-12-01T00:00:00Z",
		},
		"one moment after a restore": {
			campaign: oneShot("2026-12-01T09:00:00+09:00"), created: "2026-11-21T00:00:00Z", restored: "2026-11-30T00:00:00Z", now: "2026-12-01T00:01:00Z",
			start: "2026-12-01T00:00:00Z",
		},
		"one moment ahead": {
			campaign: oneShot("2026-12-01T09:00:00+09:00"), created: "2026-11-21T00:00:00Z", now: "2026-11-22T00:00:00Z", next: "2026-12-01T00:00:00Z",
		},
		"one moment now": {
			campaign: oneShot("2026-12-01T09:00:30+09:00"), created: "2026-11-21T00:00:00Z", now: "2026-12-01T00:01:00Z", start: "2026-12-01T00:00:30Z",
		},
		"one moment done": {
			campaign: oneShot("2026-12-01T09:00:30+09:00"), created: "2026-11-21T00:00:00Z", newest: "2026-12-01T00:00:30Z", now: "2026-12-05T00:00:00Z",
			completed: true, handledTo: "2026-12-01T00:00:30Z",
		},
		"one moment missed": {
			campaign: oneShot("2026-12-01T09:00:00+09:00"), created: "2026-12-02T00:00:00Z", now: "2026-12-02T00:00:01Z",
			missed: 1, handledTo: "2026-12-01T00:00:00Z",
		},
		"one moment missed is counted once": {
			campaign: oneShot("2026-12-01T09:00:00+09:00"), created: "2026-12-02T00:00:00Z", handled: "2026-12-01T00:00:00Z", now: "2026-12-02T00:10:00Z",
			handledTo: "2026-12-01T00:00:00Z",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, err := planAgenda(tt.campaign, past{created: instant(tt.created), handled: instant(tt.handled), newest: instant(tt.newest), restored: instant(tt.restored)}, instant(tt.now))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got.start).To(BeTemporally("==", instant(tt.start)), "start")
			g.Expect(got.next).To(BeTemporally("==", instant(tt.next)), "next")
			g.Expect(got.handledTo).To(BeTemporally("==", instant(tt.handledTo)), "handledTo")
			g.Expect(got.missed).To(Equal(tt.missed))
			g.Expect(got.completed).To(Equal(tt.completed))
		})
	}
}

func TestAnImpossibleScheduleIsTerminal(t *testing.T) {
	_, err := planAgenda(cronCampaign("0 9 1 * *", "Asia/Tokio"), past{}, instant("2026-11-21T00:00:00Z"))
	NewWithT(t).Expect(outcome.IsTerminal(err)).To(BeTrue())
}

func TestStepsOfACampaignThatBeginsOnceComeAtTheSameTimeOfTheirDay(t *testing.T) {
	g := NewWithT(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	g.Expect(err).NotTo(HaveOccurred())
	c := oneShot("2026-10-20T07:00:00Z") // nine o'clock in Berlin, five days before the clocks go back
	c.Spec.Steps = []v1alpha1.CampaignStep{{Name: "reminder", After: "P1W"}, {Name: "last-call", After: "P3D"}}
	second, third := instant("2026-10-27T08:00:00Z"), instant("2026-10-30T08:00:00Z")
	known := past{created: instant("2026-10-01T00:00:00Z"), zone: berlin}
	look := func(now time.Time) agenda {
		a, err := planAgenda(c, known, now)
		g.Expect(err).NotTo(HaveOccurred())
		return a
	}
	first := look(instant("2026-10-20T07:00:00Z"))
	g.Expect([]time.Time{first.start, first.next}).To(HaveExactElements(BeTemporally("==", instant("2026-10-20T07:00:00Z")), BeTemporally("==", second)))

	known.newest, known.handled = instant("2026-10-20T07:00:00Z"), instant("2026-10-20T07:00:00Z")
	waiting := look(instant("2026-10-21T00:00:00Z"))
	g.Expect([]time.Time{waiting.start, waiting.next}).To(HaveExactElements(BeZero(), BeTemporally("==", second)))
	g.Expect(waiting.completed).To(BeFalse())

	missed := look(second.Add(2 * time.Hour))
	g.Expect(missed.missed).To(Equal(1))
	g.Expect(missed.handledTo).To(BeTemporally("==", second))
	g.Expect(missed.next).To(BeTemporally("==", third))
	known.handled = second
	after := look(second.Add(2 * time.Hour))
	g.Expect([]int{after.missed}).To(Equal([]int{0}), "it is told once")
	g.Expect(after.next).To(BeTemporally("==", third))

	g.Expect(look(third).start).To(BeTemporally("==", third))
	known.newest, known.handled = third, third
	g.Expect(look(third.Add(time.Hour)).completed).To(BeTrue())
}

func TestStepsAreCountedByName(t *testing.T) {
	steps := []v1alpha1.CampaignStep{{Name: "profile"}, {Name: "event"}}
	got := stepsStatus(steps, []stats.StepCount{{Step: 2, Members: 5}, {Step: 2, Ended: "Exited", Members: 1}, {Step: 3, Members: 4},
		{Step: 3, Ended: "Refused", Members: 2}, {Step: 4, Members: 3}, {Step: 4, Ended: "Completed", Members: 7}})
	NewWithT(t).Expect(got).To(Equal(&v1alpha1.StepsStatus{Steps: []v1alpha1.StepStatus{{Name: "profile", Waiting: 5}, {Name: "event", Waiting: 4}},
		Completed: 10, Exited: 1, Refused: 2}))
}

func TestAnInvitationRunsSoManyDaysBeforeItsEvent(t *testing.T) {
	g := NewWithT(t)
	zone := v1alpha1.TimeZone("Europe/Berlin")
	c := &v1alpha1.Campaign{Spec: v1alpha1.CampaignSpec{
		Schedule: v1alpha1.CampaignSchedule{TimeZone: &zone, BeforeEvent: &v1alpha1.BeforeEvent{By: "P2W"}},
		Event:    &v1alpha1.CampaignEvent{StartsAt: metav1.NewTime(instant("2026-11-01T23:30:00Z"))}, // the second of November in Berlin
		Steps:    []v1alpha1.CampaignStep{{Name: "reminder", After: "P13D"}},
	}}
	known := past{created: instant("2026-10-01T00:00:00Z"), zone: time.UTC}
	plan, err := planAgenda(c, known, instant("2026-10-02T00:00:00Z"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(plan.next).To(BeTemporally("==", instant("2026-10-19T07:00:00Z")), "nine o'clock of the nineteenth, in summer time")
	c.Spec.Schedule.BeforeEvent = &v1alpha1.BeforeEvent{By: "P0D", Time: "18:15"}
	plan, err = planAgenda(c, known, instant("2026-10-02T00:00:00Z"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(plan.next).To(BeTemporally("==", instant("2026-11-02T17:15:00Z")))
	zone = "Europe/Berlim"
	_, err = planAgenda(c, known, instant("2026-10-02T00:00:00Z"))
	g.Expect(err).To(MatchError(ContainSubstring("Europe/Berlim")))
}
