// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/evidence"
)

// proof is all that a run of two batches leaves, with another run before and one after it.
type proof struct {
	certificate, key, chain []byte
	ledger                  map[string][]byte
}

func (p proof) given() evidence.Given {
	return evidence.Given{Certificate: p.certificate, Key: p.key, Chain: bytes.NewReader(p.chain), Ledger: p.ledger}
}

// change spoils what a proof is made of, before it is signed.
type change func(*certificate.Certificate, *[]audit.Body)

func signingKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func publicPEM(t testing.TB, key ed25519.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// people are the keyed hashes of one batch.
func people(from, n int) [][32]byte {
	keys := make([][32]byte, n)
	for i := range keys {
		keys[i] = sha256.Sum256([]byte{byte(from + i)})
	}
	return keys
}

func intent(t testing.TB, run string, keys [][32]byte) []byte {
	t.Helper()
	var marks []map[string]string
	for _, k := range keys {
		marks = append(marks, map[string]string{"kind": "Member", "key": hex.EncodeToString(k[:])})
	}
	content, err := json.Marshal(map[string]any{"format": 1, "run": run, "rule": "leavers", "at": "2026-04-01T00:00:00Z", "erased": marks})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func newProof(t testing.TB, changes ...change) proof {
	t.Helper()
	checks := audit.Checks{Tombstones: 5, TombstonesWant: 5, ChainVerified: 5}
	body := audit.Body{Policy: "policy-uid", Generation: 3, Epoch: 1, Run: "two"}
	with := func(do func(*audit.Body)) audit.Body { b := body; do(&b); return b }
	erased := certificate.Total{Members: 5, Rows: 55}
	records := []audit.Body{
		with(func(b *audit.Body) { b.Run, b.Kind = "one", audit.RunStarted }),
		with(func(b *audit.Body) { b.Run, b.Kind = "one", audit.RunFinished }),
		with(func(b *audit.Body) { b.Kind, b.PolicyDigest, b.PlanHash = audit.RunStarted, "digest", "plan" }),
		with(func(b *audit.Body) {
			b.Kind, b.Rule, b.Category, b.Members, b.Rows = audit.Batch, "leavers", "Profile", 3, 33
			b.TombstoneRoot = audit.MerkleRoot(people(0, 3)).String()
		}),
		with(func(b *audit.Body) {
			b.Kind, b.Rule, b.Category, b.Members, b.Rows = audit.Batch, "leavers", "Profile", 2, 22
			b.TombstoneRoot = audit.MerkleRoot(people(3, 2)).String()
		}),
		with(func(b *audit.Body) {
			b.Kind, b.PlanHash, b.Checks, b.At = audit.RunFinished, "plan", &checks, "2026-04-01T00:00:09Z"
			b.Outcome = []audit.Count{{Rule: "leavers", Category: "Profile", Outcome: "Due", Members: 5, Rows: 55},
				{Rule: "leavers", Category: "Profile", Outcome: "Erased", Members: 5, Rows: 55}}
		}),
		with(func(b *audit.Body) { b.Run, b.Kind = "three", audit.RunStarted }),
	}
	c := certificate.Certificate{
		Format: certificate.Format, Network: "network-uid",
		Policy: certificate.Policy{UID: "policy-uid", Name: "group-default", Generation: 3, Digest: "digest", TimeZone: "Asia/Tokyo"},
		Run: certificate.Run{Name: "two", Kind: "Scheduled", AsOf: "2026-04-01T00:00:00Z", FinishedAt: "2026-04-01T00:00:09Z",
			PlanHash: "plan", Starts: 1},
		Rules:  []certificate.Rule{{Name: "leavers", Category: "Profile", Since: "Departed", After: "P5Y", Action: "Delete", Due: erased, Erased: erased}},
		Erased: erased, Checks: checks, Sanitisation: certificate.Logical(),
	}
	for _, do := range changes {
		do(&c, &records)
	}
	return assemble(t, c, records)
}

// assemble chains the records, names the head in the certificate, unless it names one already, and signs it.
func assemble(t testing.TB, c certificate.Certificate, records []audit.Body) proof {
	t.Helper()
	p := proof{key: publicPEM(t, signingKey(1)), ledger: map[string][]byte{
		"a.intent.json": intent(t, "two", people(0, 3)), "a.done.json": nil,
		"b.intent.json": intent(t, "two", people(3, 2)), "b.done.json": nil,
		"c.intent.json": intent(t, "two", people(0, 2)), "c.dropped.json": nil,
		"d.intent.json": intent(t, "one", people(9, 1)), "d.done.json": nil,
	}}
	var head audit.Head
	for _, b := range records {
		r, err := audit.Append(head, b.Kind, b)
		if err != nil {
			t.Fatal(err)
		}
		head = r.Head()
		p.chain = fmt.Appendf(p.chain, "%s %s\n", r.Hash, r.Body)
		if b.Run == "two" && b.Kind == audit.RunFinished && c.Chain.Length == 0 {
			c.Chain = certificate.Chain{Head: head.Hash.String(), Length: head.Seq}
		}
	}
	signed, err := certificate.Sign(c, signingKey(1))
	if err != nil {
		t.Fatal(err)
	}
	if p.certificate, err = signed.Encode(); err != nil {
		t.Fatal(err)
	}
	return p
}

func verify(t testing.TB, given evidence.Given) *evidence.Report {
	t.Helper()
	r, err := evidence.Verify(given)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// results are what came of each check, by its name.
func results(r *evidence.Report) map[string]evidence.Result {
	all := map[string]evidence.Result{}
	for _, c := range r.Checks {
		all[c.Name] = c.Result
	}
	return all
}

func TestAWholeProofHolds(t *testing.T) {
	g := NewWithT(t)
	r := verify(t, newProof(t).given())
	g.Expect(r.Failed()).To(BeEmpty())
	g.Expect(r.Verified).To(BeTrue())
	g.Expect(slices.Collect(maps.Values(results(r)))).To(HaveEach(evidence.True))
	g.Expect(r.Checks).To(HaveLen(9))
	g.Expect(r.Certificate.Erased.Members).To(Equal(int64(5)))
}

func TestWhatWasNotGivenIsNotCheckedAndSaysSo(t *testing.T) {
	g := NewWithT(t)
	r := verify(t, evidence.Given{Certificate: newProof(t).certificate})
	g.Expect(r.Verified).To(BeTrue())
	got := results(r)
	for _, name := range []string{evidence.Origin, evidence.ChainWhole, evidence.ChainHead, evidence.ChainAgrees, evidence.LedgerAgrees} {
		g.Expect(got[name]).To(Equal(evidence.NotChecked), name)
	}
}

func TestAnyChangedByteOfTheCertificateOrTheChainIsFound(t *testing.T) {
	whole := newProof(t)
	rapid.Check(t, func(t *rapid.T) {
		p := whole
		part := rapid.SampledFrom([]*[]byte{&p.certificate, &p.chain}).Draw(t, "part")
		*part = bytes.Clone(*part)
		at := rapid.IntRange(0, len(*part)-1).Draw(t, "at")
		(*part)[at] ^= rapid.ByteRange(1, 255).Draw(t, "by")
		if r, err := evidence.Verify(p.given()); err == nil && r.Verified {
			t.Fatal("not found")
		}
	})
}

func TestEachByteOfAKeyedHashInTheLedgerCounts(t *testing.T) {
	whole := newProof(t)
	rapid.Check(t, func(t *rapid.T) {
		p := whole
		p.ledger = maps.Clone(whole.ledger)
		name := rapid.SampledFrom([]string{"a.intent.json", "b.intent.json"}).Draw(t, "entry")
		text := string(p.ledger[name])
		keys := strings.Split(text, `"key":"`)
		key := rapid.IntRange(1, len(keys)-1).Draw(t, "key")
		at := rapid.IntRange(0, 63).Draw(t, "digit")
		digits := []byte(keys[key])
		digits[at] = rapid.SampledFrom([]byte("0123456789abcdef")).Filter(func(d byte) bool { return d != digits[at] }).Draw(t, "to")
		keys[key] = string(digits)
		p.ledger[name] = []byte(strings.Join(keys, `"key":"`))
		if r, err := evidence.Verify(p.given()); err != nil || r.Verified {
			t.Fatalf("not found: %v", err)
		}
	})
}

func TestWhatIsNotTrueIsNamedThoughItWasSigned(t *testing.T) {
	type changed struct {
		change change
		check  string
		says   string
	}
	cases := map[string]changed{
		"a sum that is not that of the rules": {func(c *certificate.Certificate, _ *[]audit.Body) { c.Erased.Members++ }, evidence.CountsAddUp, "sums"},
		"a run that found somebody left": {func(c *certificate.Certificate, r *[]audit.Body) {
			c.Checks.ErasedKeysFound = 1
			(*r)[5].Checks = &c.Checks
		}, evidence.NothingLeft, "1 erased people who are there"},
		"a head of another chain": {func(c *certificate.Certificate, _ *[]audit.Body) {
			c.Chain = certificate.Chain{Head: strings.Repeat("0", 64), Length: 6}
		}, evidence.ChainHead, "7 records"},
		"a chain that was cut off": {func(_ *certificate.Certificate, r *[]audit.Body) { *r = (*r)[:5] }, evidence.ChainHead, "5 records"},
		"other rules":              {func(c *certificate.Certificate, _ *[]audit.Body) { c.Policy.Digest = "x" }, evidence.ChainAgrees, "rules as they were read"},
		"another plan":             {func(c *certificate.Certificate, _ *[]audit.Body) { c.Run.PlanHash = "x" }, evidence.ChainAgrees, "the plan"},
		"another policy":           {func(c *certificate.Certificate, _ *[]audit.Body) { c.Policy.UID = "x" }, evidence.ChainAgrees, "the policy"},
		"another end":              {func(c *certificate.Certificate, _ *[]audit.Body) { c.Run.FinishedAt = "x" }, evidence.ChainAgrees, "when the run ended"},
		"a start that is not told": {func(c *certificate.Certificate, _ *[]audit.Body) { c.Run.Starts = 2 }, evidence.ChainAgrees, "how often"},
		"other checks":             {func(c *certificate.Certificate, _ *[]audit.Body) { c.Checks.ChainVerified = 4 }, evidence.ChainAgrees, "checked at the end"},
		"more people than were erased": {func(c *certificate.Certificate, _ *[]audit.Body) {
			c.Rules[0].Erased.Members, c.Erased.Members = 6, 6
		}, evidence.ChainAgrees, "numbers of rule leavers"},
		"a batch that is missing": {func(_ *certificate.Certificate, r *[]audit.Body) { *r = slices.Delete(*r, 4, 5) }, evidence.ChainAgrees, "batches of rule leavers"},
		"a batch of others":       {func(_ *certificate.Certificate, r *[]audit.Body) { (*r)[4].TombstoneRoot = "x" }, evidence.LedgerAgrees, "b.intent.json are not those"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := verify(t, newProof(t, c.change).given())
			g.Expect(r.Verified).To(BeFalse())
			g.Expect(r.Failed()).To(HaveLen(1))
			g.Expect(r.Failed()[0].Name).To(Equal(c.check))
			g.Expect(r.Failed()[0].Detail).To(ContainSubstring(c.says))
		})
	}
}

func TestFilesThatAreNotWhatTheySayAreRefused(t *testing.T) {
	type changed struct {
		change func(*proof)
		check  string
	}
	cases := map[string]changed{
		"a certificate in another form":      {func(p *proof) { p.certificate = bytes.ReplaceAll(p.certificate, []byte("  "), []byte("\t")) }, evidence.FileForm},
		"no certificate":                     {func(p *proof) { p.certificate = nil }, evidence.FileForm},
		"another key":                        {func(p *proof) { p.key = publicPEM(t, signingKey(2)) }, evidence.Origin},
		"a chain without its last line feed": {func(p *proof) { p.chain = bytes.TrimSuffix(p.chain, []byte("\n")) }, evidence.ChainWhole},
		"an empty line":                      {func(p *proof) { p.chain = append(p.chain, '\n') }, evidence.ChainWhole},
		"digits in capitals":                 {func(p *proof) { p.chain = append(bytes.ToUpper(p.chain[:64]), p.chain[64:]...) }, evidence.ChainWhole},
		"a line without an end":              {func(p *proof) { p.chain = bytes.Repeat([]byte("a"), 2<<20) }, evidence.ChainWhole},
		"no chain at all":                    {func(p *proof) { p.chain = nil }, evidence.ChainHead},
		"a chain without its beginning":      {func(p *proof) { p.chain = p.chain[bytes.IndexByte(p.chain, '\n')+1:] }, evidence.ChainWhole},
		"an empty ledger":                    {func(p *proof) { p.ledger = map[string][]byte{} }, evidence.LedgerAgrees},
		"a ledger with a batch too many": {func(p *proof) {
			p.ledger["e.intent.json"], p.ledger["e.done.json"] = p.ledger["a.intent.json"], nil
		}, evidence.LedgerAgrees},
		"an entry that cannot be read": {func(p *proof) { p.ledger["a.intent.json"] = []byte("x") }, evidence.LedgerAgrees},
		"an entry of tomorrow":         {func(p *proof) { p.ledger["a.intent.json"] = []byte(`{"format":2}`) }, evidence.LedgerAgrees},
		"a key that is none": {func(p *proof) {
			p.ledger["a.intent.json"] = []byte(`{"format":1,"run":"two","rule":"leavers","erased":[{"kind":"Member","key":"ab"}]}`)
		}, evidence.LedgerAgrees},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := newProof(t)
			c.change(&p)
			failed := verify(t, p.given()).Failed()
			g.Expect(failed).To(HaveLen(1))
			g.Expect(failed[0].Name).To(Equal(c.check), failed[0].Detail)
		})
	}
	t.Run("a key file that holds no key", func(t *testing.T) {
		_, err := evidence.Verify(evidence.Given{Certificate: newProof(t).certificate, Key: []byte("x")})
		NewWithT(t).Expect(err).To(MatchError(certificate.ErrKey))
	})
}

func FuzzVerify(f *testing.F) {
	p := newProof(f)
	f.Add(p.certificate, p.chain)
	f.Add([]byte("{}"), []byte("\n"))
	f.Fuzz(func(t *testing.T, file, chain []byte) {
		r, err := evidence.Verify(evidence.Given{Certificate: file, Key: p.key, Chain: bytes.NewReader(chain)})
		if err != nil {
			t.Fatal(err)
		}
		same := bytes.Equal(bytes.TrimSuffix(file, []byte("\n")), bytes.TrimSuffix(p.certificate, []byte("\n"))) && bytes.Equal(chain, p.chain)
		if r.Verified && !same {
			t.Fatal("something else was taken for a proof")
		}
	})
}
