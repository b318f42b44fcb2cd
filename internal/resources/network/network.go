// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package network

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// Endpoint is where a network's database lives.
type Endpoint struct {
	Host     string
	Port     uint16
	Database string
	SSLMode  string
	CA       []byte // PEM; empty means the system's roots
}

// BuildSettings says what workloads know of the network, with every default filled in.
func BuildSettings(n *v1alpha1.AlumniNetwork) settings.Network {
	s := settings.Network{
		UID: string(n.UID), Namespace: n.Namespace, Name: n.Name,
		DisplayName: n.Spec.DisplayName, Description: n.Spec.Description, MemberLabel: n.Spec.MemberLabel,
		DefaultLocale: string(n.Locale()), TimeZone: string(n.Zone()), PublicURL: n.URL(),
		Operator: settings.Operator(n.Spec.Operator), Console: n.StaffFrom() != nil,
	}
	buildProgramme(&s, n.Spec.Programme)
	if e := n.Email(); e != nil {
		s.Email = &settings.Email{
			Host: e.Host, Port: int(e.Port), TLS: string(e.TLS), FromAddress: e.FromAddress, FromName: e.FromName,
			MaxPerSecond: int(e.MaxPerSecond), MaxConnections: int(e.MaxConnections),
		}
		if e.MaxPerHour != settings.DefaultPerHour { // workers of the version before know no other
			s.Email.MaxPerHour = int(e.MaxPerHour)
		}
		s.Email.WarmUp = buildWarmUp(e)
		if d := e.DKIM; d != nil {
			s.Email.DKIM = &settings.DKIM{Domain: d.Domain, Selector: d.Selector}
		}
		for _, d := range e.PerDomain {
			s.Email.PerDomain = append(s.Email.PerDomain, settings.DomainLimit{
				Domain: d.Domain, MaxPerSecond: int(d.MaxPerSecond), MaxPerHour: int(d.MaxPerHour)})
		}
		if e.Bounces != nil {
			s.Email.BounceAddress = e.Bounces.Address
		}
		if receiver := n.BounceReceiver(); receiver != v1alpha1.BounceDisabled {
			s.Email.BounceReceiver = string(receiver)
		}
	}
	if l := n.LINE(); l != nil && !n.IsTrial() {
		s.LINE = &settings.LINE{AccountID: l.AccountID}
		if l.MaxPerSecond != settings.DefaultLINEPerSecond {
			s.LINE.MaxPerSecond = int(l.MaxPerSecond)
		}
		if l.OnQuota == v1alpha1.QuotaTrim {
			s.LINE.OnQuota = settings.QuotaTrim
		}
	}
	s.Roster = buildRoster(n.Spec.Roster)
	if q := n.Spec.QuietHours; q != nil {
		s.QuietHours = &settings.QuietHours{From: string(q.From), Until: string(q.Until)}
		for _, day := range q.Days {
			s.QuietHours.Days = append(s.QuietHours.Days, string(day))
		}
	}
	if c := n.Spec.FrequencyCap; c != nil {
		s.FrequencyCap = &settings.FrequencyCap{PerDay: int(c.PerDay), PerSevenDays: int(c.PerSevenDays)}
	}
	if n.IsTrial() {
		s.Email.Transport = settings.TransportCapture
		s.Roster = &settings.Roster{Encoding: "UTF-8", Invented: int(n.TrialMembers())}
	}
	return s
}

// buildProgramme says what the network is for, and what its portal offers.
func buildProgramme(s *settings.Network, p *v1alpha1.Programme) {
	if p == nil {
		return
	}
	for _, purpose := range p.Purposes {
		s.Purposes = append(s.Purposes, string(purpose))
	}
	slices.Sort(s.Purposes)
	if p.Modules == nil {
		return
	}
	s.Modules = make([]string, 0, len(p.Modules)) // none is something else than all
	for _, module := range p.Modules {
		s.Modules = append(s.Modules, string(module))
	}
	slices.Sort(s.Modules)
}

func buildWarmUp(e *v1alpha1.EmailChannel) *settings.WarmUp {
	w := e.WarmUp
	if w == nil {
		return nil
	}
	target := 24 * int(e.MaxPerHour)
	if w.Target != nil {
		target = int(*w.Target)
	}
	return &settings.WarmUp{StartedOn: w.StartedOn, From: int(w.From), Days: int(w.Days), Target: target}
}

func buildRoster(r *v1alpha1.Roster) *settings.Roster {
	if r == nil {
		return nil
	}
	s := &settings.Roster{Encoding: string(r.Encoding)}
	if s.Encoding == "" {
		s.Encoding = "UTF-8"
	}
	if v := r.Source.Volume; v != nil {
		s.Path = v.Path
	}
	if h := r.Source.HTTPS; h != nil {
		s.URL = h.URL
	}
	for _, c := range r.Columns {
		if s.Columns == nil {
			s.Columns = map[string]string{}
		}
		s.Columns[string(c.Field)] = c.Heading
	}
	return s
}

// BuildConfigMap holds the settings as JSON, with what they do not say themselves: the holidays, and the promise that people who
// leave are given.
func BuildConfigMap(n *v1alpha1.AlumniNetwork, holidays []string, promise time.Duration) (*corev1.ConfigMap, error) {
	s := BuildSettings(n)
	s.ErasureHours = int(promise.Hours())
	if n.HolidaysFrom() != nil {
		s.QuietHours.Holidays = holidays
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: n.Namespace, Name: naming.NetworkConfig(n.Name), Labels: labels.For(n.Name, labels.Settings),
		},
		Data: map[string]string{settings.NetworkFile: string(encoded)},
	}, nil
}

// BuildEndpoint holds the address of the store. Its keys are the files that internal/dbconn reads, but for user
// name and password.
func BuildEndpoint(n *v1alpha1.AlumniNetwork, e Endpoint) *corev1.ConfigMap {
	data := map[string]string{
		"host": e.Host, "port": strconv.Itoa(int(e.Port)), "dbname": e.Database, "sslmode": e.SSLMode,
	}
	if len(e.CA) > 0 {
		data["ca.crt"] = string(e.CA)
	}
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: n.Namespace, Name: naming.StoreEndpoint(n.Name), Labels: labels.For(n.Name, labels.Store),
		},
		Data: data,
	}
}

// PortalHash changes exactly when portal pods must restart: when what they read at their start has changed. The
// roster is not among it. The credentials go in under a key that only the network's Secrets hold, so that the
// digest, which everybody who sees the pod can read, tells nothing of them.
func PortalHash(n *v1alpha1.AlumniNetwork, promise time.Duration, e Endpoint, key []byte, credentials map[string][]byte) (string, error) {
	s := BuildSettings(n)
	if s.Email != nil {
		s.Email.MaxPerHour, s.Email.PerDomain, s.Email.WarmUp = 0, nil, nil
	}
	if s.LINE != nil {
		s.LINE.MaxPerSecond, s.LINE.OnQuota = 0, ""
	}
	s.Roster, s.ErasureHours, s.QuietHours, s.FrequencyCap = nil, int(promise.Hours()), nil, nil
	if len(e.CA) == 0 {
		e.CA = nil // it is missing, however it came to be
	}
	encoded, err := json.Marshal(struct {
		Settings    settings.Network
		Endpoint    Endpoint
		Credentials map[string][]byte
	}{s, e, credentials})
	if err != nil {
		return "", fmt.Errorf("encode settings: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(encoded)
	return hex.EncodeToString(mac.Sum(nil)[:12]), nil
}
