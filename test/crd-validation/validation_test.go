// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crdvalidation

import (
	"fmt"
	"maps"
	"os"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

// change replaces one value of a good object; a nil value removes the field.
type change struct {
	path  []string
	value any
}

func set(value any, path ...string) change { return change{path: path, value: value} }
func unset(path ...string) change          { return change{path: path} }

// refusal is what the API server must say: the path of the field and words of the sentence.
type refusal struct{ field, words string }

type validationCase struct {
	changes []change
	refused *refusal // nil: accepted
}

func accepted(changes ...change) validationCase { return validationCase{changes: changes} }
func refused(field, words string, changes ...change) validationCase {
	return validationCase{changes: changes, refused: &refusal{field: field, words: words}}
}

func runCases(t *testing.T, file string, cases map[string]validationCase) {
	env := kube.Start(t)
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			object := load(t, file, tt.changes)
			object.SetNamespace("default")
			err := env.Client.Create(t.Context(), object, client.DryRunAll)
			if tt.refused == nil {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(HaveOccurred())
			g.Expect(err.Error()).To(ContainSubstring(tt.refused.field))
			g.Expect(err.Error()).To(ContainSubstring(tt.refused.words))
		})
	}
}

func load(t *testing.T, file string, changes []change) *unstructured.Unstructured {
	t.Helper()
	g := NewWithT(t)
	raw, err := os.ReadFile("testdata/" + file)
	g.Expect(err).NotTo(HaveOccurred())
	object := &unstructured.Unstructured{}
	g.Expect(yaml.Unmarshal(raw, &object.Object)).To(Succeed())
	for _, c := range changes {
		if c.value == nil {
			unstructured.RemoveNestedField(object.Object, c.path...)
			continue
		}
		g.Expect(unstructured.SetNestedField(object.Object, c.value, c.path...)).To(Succeed())
	}
	return object
}

// object and list write YAML values in short.
type object = map[string]any
type list = []any

const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// backup is a good backup section to a claim, with some keys replaced or added.
func backup(keys ...object) object {
	b := object{
		"schedule":    "30 2 * * *",
		"destination": object{"type": "PersistentVolumeClaim", "persistentVolumeClaim": object{"claimName": "backups"}},
		"encryption":  object{"recipients": list{recipient}},
	}
	for _, k := range keys {
		maps.Copy(b, k)
	}
	return b
}

// bucket is a destination in a bucket, with one key replaced or added.
func bucket(key, value string) object {
	s3 := object{"endpoint": "https://s3.hoshino.example", "bucket": "backups", "secretRef": object{"name": "keys"}}
	s3[key] = value
	return object{"destination": object{"type": "S3", "s3": s3}}
}

// restoreFrom is a good section to restore from, with some keys replaced or added.
func restoreFrom(keys ...object) object {
	r := object{"destination": backup()["destination"], "identitySecretRef": object{"name": "officer-key"}}
	for _, k := range keys {
		maps.Copy(r, k)
	}
	return r
}

func TestRestoreRules(t *testing.T) {
	at := func(keys ...object) change { return set(restoreFrom(keys...), "spec", "store", "restoreFrom") }
	of := func(network object) object { return object{"network": network} }
	runCases(t, "network.yaml", map[string]validationCase{
		"the newest backup of its own":     accepted(at()),
		"from a bucket":                    accepted(at(bucket("prefix", "alumni/nightly"))),
		"a backup by its name":             accepted(at(object{"backup": "20270401T023004Z-00002"})),
		"of another network":               accepted(at(of(object{"namespace": "old", "name": "alumni"}))),
		"of another cluster":               accepted(at(of(object{"cluster": "7d1c-tokyo", "namespace": "old", "name": "alumni"}))),
		"a backup by the name of its file": refused("restoreFrom.backup", "without its suffix", at(object{"backup": "20270401T023004Z-00002.dump.age"})),
		"without a key":                    refused("identitySecretRef", "Required value", at(object{"identitySecretRef": nil})),
		"from nowhere":                     refused("destination", "Required value", at(object{"destination": nil})),
		"of a network without a namespace": refused("network.namespace", "Required value", at(of(object{"name": "alumni"}))),
		"of a network in two namespaces":   refused("network.namespace", "lower case letters", at(of(object{"namespace": "a/b", "name": "alumni"}))),
		"of a network with a wrong name":   refused("network.name", "begins with a letter", at(of(object{"namespace": "old", "name": "2alumni"}))),
	})
}

func TestBackupRules(t *testing.T) {
	at := func(keys ...object) change { return set(backup(keys...), "spec", "store", "backup") }
	to := func(d object) object { return object{"destination": d} }
	claim := func(path string) object {
		return to(object{"type": "PersistentVolumeClaim", "persistentVolumeClaim": object{"claimName": "a", "path": path}})
	}
	runCases(t, "network.yaml", map[string]validationCase{
		"to a claim":                      accepted(at()),
		"to a folder of a claim":          accepted(at(claim("alumni/nightly"))),
		"to a bucket":                     accepted(at(bucket("prefix", "alumni/nightly"))),
		"to a bucket inside the cluster":  accepted(at(bucket("endpoint", "http://minio.storage.svc:9000"))),
		"and the long name of one":        accepted(at(bucket("endpoint", "http://minio.storage.svc.cluster.local:9000"))),
		"kept by count and age":           accepted(at(object{"keep": object{"count": int64(30), "age": "P60D"}})),
		"with a drill":                    accepted(at(object{"drill": object{"schedule": "0 4 * * 0", "identitySecretRef": object{"name": "key"}}})),
		"for nobody to read":              refused("recipients", "should have at least 1", at(object{"encryption": object{"recipients": list{}}})),
		"for a secret key to read":        refused("recipients", "", at(object{"encryption": object{"recipients": list{"AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"}}})),
		"for a misspelt recipient":        refused("recipients", "age-keygen", at(object{"encryption": object{"recipients": list{"age1QL3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}}})),
		"for one recipient twice":         refused("recipients", "Duplicate value", at(object{"encryption": object{"recipients": list{recipient, recipient}}})),
		"on a schedule of four fields":    refused("schedule", "five fields", at(object{"schedule": "30 2 * *  "})),
		"on a schedule with a zone in it": refused("schedule", "spec.timeZone", at(object{"schedule": "TZ=UTC 30 2 * * *"})),
		"with a drill of four fields":     refused("drill.schedule", "five fields", at(object{"drill": object{"schedule": "0 4 * *  ", "identitySecretRef": object{"name": "key"}}})),
		"with a drill without a key":      refused("drill.identitySecretRef", "Required value", at(object{"drill": object{"schedule": "0 4 * * 0"}})),
		"kept by none":                    refused("keep.count", "greater than or equal to 1", at(object{"keep": object{"count": int64(0)}})),
		"kept for hours":                  refused("keep.age", "ISO 8601", at(object{"keep": object{"age": "PT48H"}})),
		"to nowhere":                      refused("destination", "persistentVolumeClaim is set exactly when", at(to(object{"type": "PersistentVolumeClaim"}))),
		"to a claim and a bucket": refused("destination", "s3 is set exactly when", at(to(object{"type": "PersistentVolumeClaim",
			"persistentVolumeClaim": object{"claimName": "a"}, "s3": object{"endpoint": "https://a.example", "bucket": "abc", "secretRef": object{"name": "k"}}}))),
		"to a bucket that is not named":       refused("destination", "s3 is set exactly when", at(to(object{"type": "S3"}))),
		"out of the volume":                   refused("path", "has no '..'", at(claim("../other"))),
		"to a bucket in clear":                refused("endpoint", "must start with https://", at(bucket("endpoint", "http://s3.hoshino.example"))),
		"to a host that only looks inside":    refused("endpoint", "must start with https://", at(bucket("endpoint", "http://evil.svc.example.com"))),
		"to an endpoint with a path":          refused("endpoint", "host and a port only", at(bucket("endpoint", "https://s3.hoshino.example/backups"))),
		"to an endpoint with a user":          refused("endpoint", "host and a port only", at(bucket("endpoint", "https://a:b@s3.hoshino.example"))),
		"to a bucket with capitals":           refused("bucket", "lower case", at(bucket("bucket", "Backups"))),
		"to a prefix that begins with a dash": accepted(at(bucket("prefix", "-x"))),
		"to a prefix that climbs":             refused("prefix", "parts joined by", at(bucket("prefix", "a/../b"))),
		"to a region with a space":            refused("region", "letters, digits and hyphens", at(bucket("region", "us east"))),
	})
}

func TestDomainLimitRules(t *testing.T) {
	at := func(domains ...any) change {
		return set(append(list{}, domains...), "spec", "channels", "email", "perDomain")
	}
	limit := func(domain string) object { return object{"domain": domain, "maxPerSecond": int64(5)} }
	many := func(n int) (domains list) {
		for i := range n {
			domains = append(domains, limit(fmt.Sprintf("d%d.example", i)))
		}
		return domains
	}
	runCases(t, "network.yaml", map[string]validationCase{
		"two domains":                 accepted(at(object{"domain": "docomo.ne.jp", "maxPerSecond": int64(5), "maxPerHour": int64(3000)}, object{"domain": "xn--bcher-kva.example", "maxPerHour": int64(10)})),
		"a hundred domains":           accepted(at(many(100)...)),
		"ten thousand domains":        refused("spec.channels.email.perDomain", "at most 100 items", at(many(10_000)...)),
		"a domain twice":              refused("spec.channels.email.perDomain[1]", "Duplicate value", at(limit("docomo.ne.jp"), limit("docomo.ne.jp"))),
		"a domain in capitals":        refused("spec.channels.email.perDomain[0].domain", "in lower case", at(limit("Docomo.ne.jp"))),
		"an international domain":     refused("spec.channels.email.perDomain[0].domain", "begins with xn--", at(limit("日本語.jp"))),
		"a pattern of domains":        refused("spec.channels.email.perDomain[0].domain", "DNS name", at(limit("*.ne.jp"))),
		"an address":                  refused("spec.channels.email.perDomain[0].domain", "DNS name", at(limit("a@docomo.ne.jp"))),
		"a domain that ends in a dot": refused("spec.channels.email.perDomain[0].domain", "DNS name", at(limit("docomo.ne.jp."))),
		"a domain without a limit":    refused("spec.channels.email.perDomain[0]", "set maxPerSecond, maxPerHour or both", at(object{"domain": "docomo.ne.jp"})),
		"a limit of nothing":          refused("spec.channels.email.perDomain[0].maxPerHour", "greater than or equal to 1", at(object{"domain": "docomo.ne.jp", "maxPerHour": int64(0)})),
	})
}

func TestDKIMRules(t *testing.T) {
	at := func(domain, selector string) change {
		return set(object{"secretRef": object{"name": "alumni-dkim"}, "domain": domain, "selector": selector}, "spec", "channels", "email", "dkim")
	}
	from := set("Alumni@News.Hoshino.example", "spec", "channels", "email", "fromAddress")
	runCases(t, "network.yaml", map[string]validationCase{
		"by the sender's domain":        accepted(from, at("news.hoshino.example", "alumni-2026")),
		"by one above it":               accepted(from, at("hoshino.example", "alumni")),
		"by another's":                  refused("channels.email", "domain of fromAddress or one above it", from, at("relay.example", "alumni")),
		"by one that only ends like it": refused("channels.email", "domain of fromAddress or one above it", from, at("shino.example", "alumni")),
		"by one below it":               refused("channels.email", "domain of fromAddress or one above it", from, at("mail.news.hoshino.example", "alumni")),
		"by a whole top-level domain":   refused("dkim.domain", "DNS name in lower case", from, at("example", "alumni")),
		"by a domain in capitals":       refused("dkim.domain", "DNS name in lower case", from, at("Hoshino.example", "alumni")),
		"with a selector in two lines":  refused("dkim.selector", "label of letters", from, at("hoshino.example", "a\r\nb")),
		"without a key":                 refused("dkim.secretRef", "Required value", from, set(object{"domain": "hoshino.example", "selector": "alumni"}, "spec", "channels", "email", "dkim")),
	})
}

func TestWarmUpRules(t *testing.T) {
	at := func(warmUp object) change { return set(warmUp, "spec", "channels", "email", "warmUp") }
	runCases(t, "network.yaml", map[string]validationCase{
		"from a day on":          accepted(at(object{"startedOn": "2026-11-24"})),
		"by numbers of its own":  accepted(at(object{"startedOn": "2026-11-24", "from": int64(50), "days": int64(30), "target": int64(5000)})),
		"from no day":            refused("warmUp.startedOn", "Required value", at(object{"from": int64(50)})),
		"from a day that is not": refused("warmUp.startedOn", "date", at(object{"startedOn": "2026-02-30"})),
		"from a moment":          refused("warmUp.startedOn", "date", at(object{"startedOn": "2026-11-24T00:00:00Z"})),
		"downwards":              refused("channels.email.warmUp", "target is not less than from", at(object{"startedOn": "2026-11-24", "target": int64(199)})),
		"in a day":               refused("warmUp.days", "greater than or equal to 2", at(object{"startedOn": "2026-11-24", "days": int64(1)})),
	})
}

func TestAlumniNetworkRules(t *testing.T) {
	runCases(t, "network.yaml", map[string]validationCase{
		"a whole network":                  accepted(),
		"a name that leaves no room":       refused("metadata.name", "at most 40 characters", set("a23456789012345678901234567890123456789012", "metadata", "name")),
		"a name that no Service can have":  refused("metadata.name", "begins with a letter", set("2026.alumni", "metadata", "name")),
		"a display name of two lines":      refused("spec.displayName", "single line", set("a\nb", "spec", "displayName")),
		"quiet hours over noon and Sunday": accepted(set(object{"from": "12:00", "until": "13:30", "days": list{"Sunday"}}, "spec", "quietHours")),
		"quiet holidays":                   accepted(set(object{"from": "21:00", "until": "08:00", "holidaysFrom": object{"name": "holidays", "key": "jp"}}, "spec", "quietHours")),
		"holidays without a key": refused("spec.quietHours.holidaysFrom.key", "Required value",
			set(object{"from": "21:00", "until": "08:00", "holidaysFrom": object{"name": "holidays"}}, "spec", "quietHours")),
		"staff":                      accepted(set(object{"staffSecretRef": object{"name": "staff"}}, "spec", "signIn")),
		"staff under another key":    accepted(set(object{"staffSecretRef": object{"name": "staff", "key": "hr_2026.txt"}}, "spec", "signIn")),
		"staff without a Secret":     refused("spec.signIn.staffSecretRef.name", "Required value", set(object{"staffSecretRef": object{}}, "spec", "signIn")),
		"staff under no key":         refused("spec.signIn.staffSecretRef.key", "letters, digits, hyphens, dots", set(object{"staffSecretRef": object{"name": "staff", "key": "a/b"}}, "spec", "signIn")),
		"no quiet hours":             accepted(set(object{"from": "00:00", "until": "00:00"}, "spec", "quietHours")),
		"an hour that is none":       refused("spec.quietHours.from", "written as 09:00", set(object{"from": "9:00", "until": "10:00"}, "spec", "quietHours")),
		"quiet hours that never end": refused("spec.quietHours.until", "Required value", set(object{"from": "21:00"}, "spec", "quietHours")),
		"a week without a day": refused("spec.quietHours", "leave at least one day", set(object{"from": "21:00", "until": "08:00",
			"days": list{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}}, "spec", "quietHours")),
		"a day that is none":               refused("spec.quietHours.days", "Unsupported value", set(object{"from": "21:00", "until": "08:00", "days": list{"Holiday"}}, "spec", "quietHours")),
		"a cap":                            accepted(set(object{"perDay": int64(2), "perSevenDays": int64(5)}, "spec", "frequencyCap")),
		"a cap of a day above the week's":  refused("spec.frequencyCap", "perDay is at most perSevenDays", set(object{"perDay": int64(6), "perSevenDays": int64(5)}, "spec", "frequencyCap")),
		"a cap of nothing":                 refused("spec.frequencyCap.perDay", "greater than or equal to 1", set(object{"perDay": int64(0), "perSevenDays": int64(5)}, "spec", "frequencyCap")),
		"an organisation of two lines":     refused("spec.operator.name", "single line", set("a\nb", "spec", "operator", "name")),
		"a contact page":                   accepted(set("https://hoshino.example/contact", "spec", "operator", "contact")),
		"a contact that is neither":        refused("spec.operator.contact", "mail address or an https URL", set("call us", "spec", "operator", "contact")),
		"a language that nobody wrote":     refused("spec.defaultLocale", "Unsupported value", set("fr", "spec", "defaultLocale")),
		"a zone that is an abbreviation":   refused("spec.timeZone", "IANA name", set("JST+9:00", "spec", "timeZone")),
		"the machine's zone":               refused("spec.timeZone", "IANA name", set("Local", "spec", "timeZone")),
		"a purpose that is unknown":        refused("spec.programme.purposes", "Unsupported value", set(object{"purposes": list{"Fun"}}, "spec", "programme")),
		"an external store":                accepted(set(object{"type": "External", "external": object{"adminSecretRef": object{"name": "pg"}}}, "spec", "store")),
		"an external store with no server": refused("spec.store", "external is set exactly when", set(object{"type": "External"}, "spec", "store")),
		"a standalone store with a server": refused("spec.store", "external is set exactly when", set(object{"type": "Standalone", "external": object{"adminSecretRef": object{"name": "pg"}}}, "spec", "store")),
		"an external store with a volume":  refused("spec.store", "standalone is set only when", set(object{"type": "External", "standalone": object{"image": "x"}, "external": object{"adminSecretRef": object{"name": "pg"}}}, "spec", "store")),
		"a store that goes with it":        accepted(set("Delete", "spec", "store", "reclaimPolicy")),
		"a store of an unknown fate":       refused("spec.store.reclaimPolicy", "Unsupported value", set("Recycle", "spec", "store", "reclaimPolicy")),
		"logins renewed every quarter":     accepted(set("P90D", "spec", "store", "credentials", "rotateAfter")),
		"logins renewed after ten years":   accepted(set("P10Y", "spec", "store", "credentials", "rotateAfter")),
		"logins renewed by two units":      refused("spec.store.credentials.rotateAfter", "one number of days, weeks, months or years", set("P1M10D", "spec", "store", "credentials", "rotateAfter")),
		"logins renewed at every moment":   refused("spec.store.credentials.rotateAfter", "from P1D to ten years", set("P0D", "spec", "store", "credentials", "rotateAfter")),
		"logins renewed after a lifetime":  refused("spec.store.credentials.rotateAfter", "from P1D to ten years", set("P11Y", "spec", "store", "credentials", "rotateAfter")),
		"logins renewed every hour":        refused("spec.store.credentials.rotateAfter", "ISO 8601", set("PT1H", "spec", "store", "credentials", "rotateAfter")),
		"a volume of no size":              refused("spec.store.standalone.storageSize", "more than zero", set("0", "spec", "store", "standalone", "storageSize")),
		"a database of PostgreSQL's own": refused("spec.store.external.database", "none of PostgreSQL's own",
			set(object{"type": "External", "external": object{"database": "template1", "adminSecretRef": object{"name": "pg"}}}, "spec", "store")),
		"a roster by https": accepted(set(object{"type": "HTTPS", "https": object{"url": "https://hr.hoshino.example/leavers.csv"}}, "spec", "roster", "source")),
		"a roster by http": refused("spec.roster.source.https.url", "must start with https://",
			set(object{"type": "HTTPS", "https": object{"url": "http://hr.hoshino.example/leavers.csv"}}, "spec", "roster", "source")),
		"a roster address with a password": refused("spec.roster.source.https.url", "use secretRef",
			set(object{"type": "HTTPS", "https": object{"url": "https://u:p@hr.hoshino.example/x"}}, "spec", "roster", "source")),
		"a volume roster without a volume": refused("spec.roster.source", "volume is set exactly when", set(object{"type": "Volume"}, "spec", "roster", "source")),
		"an https roster with a volume": refused("spec.roster.source", "volume is set exactly when",
			set(object{"type": "HTTPS", "https": object{"url": "https://hr.hoshino.example/x"}, "volume": object{"claimName": "a", "path": "b"}}, "spec", "roster", "source")),
		"an https roster without an address":     refused("spec.roster.source", "https is set exactly when", set(object{"type": "HTTPS"}, "spec", "roster", "source")),
		"a path out of the volume":               refused("path", "has no '..'", set("../secret.csv", "spec", "roster", "source", "volume", "path")),
		"a column of an unknown field":           refused("spec.roster.columns", "Unsupported value", set(list{object{"field": "Salary", "heading": "x"}}, "spec", "roster", "columns")),
		"a column mapped twice":                  refused("spec.roster.columns", "Duplicate value", set(list{object{"field": "Email", "heading": "x"}, object{"field": "Email", "heading": "y"}}, "spec", "roster", "columns")),
		"a roster schedule with a zone in it":    refused("spec.roster.schedule.cron", "write the zone in timeZone", set("TZ=UTC 0 9 * * *", "spec", "roster", "schedule", "cron")),
		"a roster schedule of four fields":       refused("spec.roster.schedule.cron", "five fields", set("0 9 * *  ", "spec", "roster", "schedule", "cron")),
		"an encoding that nobody reads":          refused("spec.roster.encoding", "Unsupported value", set("EUC-JP", "spec", "roster", "encoding")),
		"a portal on localhost":                  accepted(set("http://localhost:8081", "spec", "portal", "publicURL")),
		"a portal by http":                       refused("spec.portal.publicURL", "must start with https://", set("http://alumni.hoshino.example", "spec", "portal", "publicURL")),
		"a portal with a path":                   refused("spec.portal.publicURL", "host and a port only", set("https://hoshino.example/alumni", "spec", "portal", "publicURL")),
		"a portal that is no address":            refused("spec.portal.publicURL", "must start with https://", set("alumni portal", "spec", "portal", "publicURL")),
		"no replica":                             refused("spec.portal.replicas", "greater than or equal to 1", set(int64(0), "spec", "portal", "replicas")),
		"a sender with a name in the address":    refused("spec.channels.email.fromAddress", "plain mail address", set("Desk <a@b.example>", "spec", "channels", "email", "fromAddress")),
		"a sender name of two lines":             refused("spec.channels.email.fromName", "single line", set("a\r\nBcc: x", "spec", "channels", "email", "fromName")),
		"a mailbox for bounces":                  accepted(set(object{"address": "alumni-bounces1@mail.hoshino.example", "receiver": "LMTP"}, "spec", "channels", "email", "bounces")),
		"bounces to the sender, taken by nobody": accepted(set(object{"address": "alumni@hoshino.example"}, "spec", "channels", "email", "bounces")),
		"bounces without an address":             refused("spec.channels.email.bounces.address", "Required value", set(object{"receiver": "SMTP"}, "spec", "channels", "email", "bounces")),
		"no room for a token":                    refused("spec.channels.email.bounces.address", "at most 15", set(object{"address": "alumni-bounces12@hoshino.example"}, "spec", "channels", "email", "bounces")),
		"a plus before the token":                refused("spec.channels.email.bounces.address", "at most 15", set(object{"address": "a+b@hoshino.example"}, "spec", "channels", "email", "bounces")),
		"a domain that cannot be one":            refused("spec.channels.email.bounces.address", "at most 15", set(object{"address": "a@b.-c.example"}, "spec", "channels", "email", "bounces")),
		"two dots in the mailbox":                refused("spec.channels.email.bounces.address", "at most 15", set(object{"address": "a..b@hoshino.example"}, "spec", "channels", "email", "bounces")),
		"a receiver of another kind":             refused("spec.channels.email.bounces.receiver", "Unsupported value", set(object{"address": "b@hoshino.example", "receiver": "IMAP"}, "spec", "channels", "email", "bounces")),
		"a receiver of what people write": refused("spec.channels.email", "another one than fromAddress",
			set(object{"address": "Alumni@hoshino.example", "receiver": "SMTP"}, "spec", "channels", "email", "bounces")),
		"a mail host that is an address": refused("spec.channels.email.host", "DNS name or an IP", set("smtp://x", "spec", "channels", "email", "host")),
		"a port that does not exist":     refused("spec.channels.email.port", "less than or equal to 65535", set(int64(70000), "spec", "channels", "email", "port")),
		"a password in clear text": refused("spec.channels.email", "password in clear text",
			set("None", "spec", "channels", "email", "tls"), set(object{"name": "smtp"}, "spec", "channels", "email", "credentialsSecretRef")),
		"a missing portal": refused("spec.portal", "Required value", unset("spec", "portal")),
	})
}

func TestTrialRules(t *testing.T) {
	trial := func(changes ...change) []change {
		return append([]change{set("Enabled", "spec", "trial"), unset("spec", "roster")}, changes...)
	}
	runCases(t, "network.yaml", map[string]validationCase{
		"a trial":                           accepted(trial()...),
		"a trial without a mail server":     accepted(trial(unset("spec", "channels"))...),
		"a trial that is backed up":         accepted(trial(set(backup(), "spec", "store", "backup"))...),
		"a trial of a size":                 accepted(trial(set(int64(10000), "spec", "trialMembers"))...),
		"no trial, in so many words":        accepted(set("Disabled", "spec", "trial")),
		"a trial of a third kind":           refused("spec.trial", "Unsupported value", set("Maybe", "spec", "trial")),
		"a trial with real people":          refused("spec", "roster cannot be set while trial is Enabled", set("Enabled", "spec", "trial")),
		"a trial with the people of before": refused("spec", "store.restoreFrom cannot be set while trial is Enabled", trial(set(restoreFrom(), "spec", "store", "restoreFrom"))...),
		"a trial of nobody":                 refused("spec.trialMembers", "greater than or equal to 1", trial(set(int64(0), "spec", "trialMembers"))...),
		"a trial of a city":                 refused("spec.trialMembers", "less than or equal to 10000", trial(set(int64(10001), "spec", "trialMembers"))...),
		"invented people among real ones":   refused("spec", "trialMembers is set only while trial is Enabled", set(int64(20), "spec", "trialMembers")),
	})
}

func TestCloudNativePGRules(t *testing.T) {
	in := func(section object) change {
		return set(object{"type": "CloudNativePG", "cloudNativePG": section}, "spec", "store")
	}
	existing := func(keys object) change {
		section := object{"clusterRef": object{"name": "shared"}, "adminSecretRef": object{"name": "pg-admin"}}
		maps.Copy(section, keys)
		return in(section)
	}
	backedUp := func(b object) change { return in(object{"scheduledBackup": b}) }
	plugin := object{"name": "barman-cloud.cloudnative-pg.io", "parameters": list{object{"name": "barmanObjectName", "value": "hoshino"}}}
	runCases(t, "network.yaml", map[string]validationCase{
		"a Cluster by default": accepted(set(object{"type": "CloudNativePG"}, "spec", "store")),
		"a Cluster with everything": accepted(in(object{"instances": int64(3), "image": "registry.example:5000/postgresql:17.6-standard@sha256:0123",
			"storage": object{"size": "20Gi", "storageClassName": "fast"}, "resources": object{"limits": object{"memory": "1Gi"}},
			"scheduledBackup": object{"schedule": "30 2 * * *", "method": "Plugin", "plugin": plugin}})),
		"an existing Cluster":       accepted(existing(nil)),
		"a section of another type": refused("spec.store", "cloudNativePG is set only when type is CloudNativePG", set(object{"type": "Standalone", "cloudNativePG": object{}}, "spec", "store")),
		"an External section":       refused("spec.store", "external is set exactly when", set(object{"type": "CloudNativePG", "external": object{"adminSecretRef": object{"name": "a"}}}, "spec", "store")),
		"an existing Cluster without a login": refused("spec.store.cloudNativePG", "adminSecretRef is set exactly when clusterRef is set",
			in(object{"clusterRef": object{"name": "shared"}})),
		"a login without a Cluster": refused("spec.store.cloudNativePG", "adminSecretRef is set exactly when clusterRef is set",
			in(object{"adminSecretRef": object{"name": "pg-admin"}})),
		"instances of an existing Cluster": refused("spec.store.cloudNativePG", "are set only without clusterRef", existing(object{"instances": int64(3)})),
		"a volume of an existing Cluster":  refused("spec.store.cloudNativePG", "are set only without clusterRef", existing(object{"storage": object{"size": "1Gi"}})),
		"a name that no Cluster can have":  refused("clusterRef.name", "begins with a letter", existing(object{"clusterRef": object{"name": "1-shared"}})),
		"a Cluster of another namespace":   refused("clusterRef.name", "lower case letters", existing(object{"clusterRef": object{"name": "other/shared"}})),
		"no instance":                      refused("instances", "greater than or equal to 1", in(object{"instances": int64(0)})),
		"ten instances":                    refused("instances", "less than or equal to 9", in(object{"instances": int64(10)})),
		"an image without a version":       refused("image", "begins with PostgreSQL's version", in(object{"image": "registry.example:5000/postgresql"})),
		"an image that moves":              refused("image", "begins with PostgreSQL's version", in(object{"image": "postgresql:latest"})),
		"no room":                          refused("storage.size", "more than zero", in(object{"storage": object{"size": "0"}})),
		"snapshots":                        accepted(backedUp(object{"schedule": "30 2 * * *", "method": "VolumeSnapshot", "volumeSnapshot": object{"className": "csi"}})),
		"a backup of six fields":           refused("scheduledBackup.schedule", "five fields", backedUp(object{"schedule": "0 30 2 * * *", "method": "VolumeSnapshot"})),
		"a backup without a method":        refused("scheduledBackup.method", "Required value", backedUp(object{"schedule": "30 2 * * *"})),
		"a plugin that is not named":       refused("scheduledBackup", "plugin is set exactly when method is Plugin", backedUp(object{"schedule": "30 2 * * *", "method": "Plugin"})),
		"snapshots by a plugin": refused("scheduledBackup", "volumeSnapshot is set only when method is VolumeSnapshot",
			backedUp(object{"schedule": "30 2 * * *", "method": "Plugin", "plugin": plugin, "volumeSnapshot": object{}})),
		"a parameter twice": refused("plugin.parameters", "Duplicate value", backedUp(object{"schedule": "30 2 * * *", "method": "Plugin",
			"plugin": object{"name": "a", "parameters": list{object{"name": "x", "value": "1"}, object{"name": "x", "value": "2"}}}})),
	})
}

func TestRulesOfWhatStandsAroundThePortal(t *testing.T) {
	portal := func(value any, path ...string) change {
		return set(value, append([]string{"spec", "portal"}, path...)...)
	}
	ingress, gateway := object{"type": "Ingress"}, object{"type": "Gateway", "gateway": object{"parentRef": object{"name": "public"}}}
	runCases(t, "network.yaml", map[string]validationCase{
		"an Ingress of the default class": accepted(portal(ingress, "exposure")),
		"an Ingress with everything": accepted(portal(object{"type": "Ingress", "ingress": object{"className": "nginx", "annotations": object{"a/b": "c"}}}, "exposure"),
			portal(object{"issuerRef": object{"kind": "ClusterIssuer", "name": "letsencrypt"}}, "tls")),
		"a Gateway of another namespace": accepted(portal(object{"type": "Gateway", "gateway": object{"parentRef": object{"name": "public", "namespace": "infra", "sectionName": "https"}}}, "exposure")),
		"no exposure":                    accepted(portal(object{}, "exposure")),
		"a Gateway without a reference":  refused("spec.portal.exposure", "gateway is set exactly when", portal(object{"type": "Gateway"}, "exposure")),
		"a Gateway with an Ingress":      refused("spec.portal.exposure", "ingress is set only when", portal(object{"type": "Gateway", "ingress": object{}, "gateway": object{"parentRef": object{"name": "public"}}}, "exposure")),
		"an Ingress with a Gateway":      refused("spec.portal.exposure", "gateway is set exactly when", portal(object{"type": "Ingress", "gateway": object{"parentRef": object{"name": "public"}}}, "exposure")),
		"an unknown exposure":            refused("spec.portal.exposure.type", "Unsupported value", portal(object{"type": "NodePort"}, "exposure")),
		"an annotation of the operator":  refused("spec.portal.exposure.ingress.annotations", "name another key", portal(object{"type": "Ingress", "ingress": object{"annotations": object{"alumni-operator.io/x": "y"}}}, "exposure")),
		"an Ingress for an address": refused("spec.portal", "needs a DNS name",
			portal("https://192.0.2.10", "publicURL"), portal(ingress, "exposure")),
		"an Ingress for an address of version 6": refused("spec.portal", "needs a DNS name",
			portal("https://[2001:db8::1]", "publicURL"), portal(ingress, "exposure")),
		"an Ingress for a host with a port": accepted(portal("https://Alumni.Hoshino.example:8443", "publicURL"), portal(ingress, "exposure")),
		"an address that is not exposed":    accepted(portal("https://192.0.2.10", "publicURL")),
		"a certificate without an Ingress":  refused("spec.portal", "tls is for exposure of type Ingress", portal(object{"secretName": "tls"}, "tls")),
		"a certificate for a Gateway":       refused("spec.portal", "tls is for exposure of type Ingress", portal(gateway, "exposure"), portal(object{"secretName": "tls"}, "tls")),
		"a certificate from nowhere":        refused("spec.portal.tls", "exactly one of secretName and issuerRef", portal(ingress, "exposure"), portal(object{}, "tls")),
		"a certificate from two places":     refused("spec.portal.tls", "exactly one of secretName and issuerRef", portal(ingress, "exposure"), portal(object{"secretName": "tls", "issuerRef": object{"name": "x"}}, "tls")),
		"an unknown kind of issuer":         refused("spec.portal.tls.issuerRef.kind", "Unsupported value", portal(ingress, "exposure"), portal(object{"issuerRef": object{"kind": "CA", "name": "x"}}, "tls")),
		"trusted proxies":                   accepted(portal(list{"10.0.0.0/8", "2001:db8::/32"}, "trustedProxies")),
		"a proxy that is no range":          refused("spec.portal.trustedProxies[0]", "is a CIDR such as", portal(list{"10.0.0.1"}, "trustedProxies")),
		"a proxy twice":                     refused("spec.portal.trustedProxies", "Duplicate value", portal(list{"10.0.0.0/8", "10.0.0.0/8"}, "trustedProxies")),
		"autoscaling":                       accepted(portal(object{"maxReplicas": int64(5)}, "autoscaling")),
		"autoscaling upside down":           refused("spec.portal.autoscaling", "minReplicas is at most maxReplicas", portal(object{"minReplicas": int64(4), "maxReplicas": int64(3)}, "autoscaling")),
		"autoscaling below its default":     refused("spec.portal.autoscaling", "minReplicas is at most maxReplicas", portal(object{"maxReplicas": int64(1)}, "autoscaling")),
		"autoscaling without an end":        refused("spec.portal.autoscaling.maxReplicas", "Required value", portal(object{"minReplicas": int64(2)}, "autoscaling")),
		"labels and annotations for a mesh": accepted(portal(object{"mesh.example/inject": "true"}, "podLabels"), portal(object{"mesh.example/config": "{\"a\": 1}"}, "podAnnotations")),
		"a label that selects pods":         refused("spec.portal.podLabels", "name another key", portal(object{"app.kubernetes.io/component": "store"}, "podLabels")),
		"a label of the operator":           refused("spec.portal.podLabels", "name another key", portal(object{"alumni-operator.io/network": "other"}, "podLabels")),
		"a label with a space":              refused("spec.portal.podLabels", "value of a label", portal(object{"a": "b c"}, "podLabels")),
		"an annotation on pods that the operator sets": refused("spec.portal.podAnnotations", "name another key",
			portal(object{"alumni-operator.io/config-hash": "x"}, "podAnnotations")),
		"a Secret to pull with, twice": refused("spec.portal.imagePullSecrets", "Duplicate value", portal(list{object{"name": "a"}, object{"name": "a"}}, "imagePullSecrets")),
	})
}

func TestCampaignRules(t *testing.T) {
	expressions := func(e ...any) change { return set(e, "spec", "audience", "matchExpressions") }
	trigger := func(t object) change { return set(object{"trigger": t, "timeZone": "Asia/Tokyo"}, "spec", "schedule") }
	locales := func(l ...any) change { return set(append(list{}, l...), "spec", "content", "locales") }
	runCases(t, "campaign.yaml", map[string]validationCase{
		"a whole campaign":              accepted(),
		"one moment":                    accepted(set(object{"at": "2027-04-01T09:00:00+09:00"}, "spec", "schedule")),
		"a moment that is no time":      refused("spec.schedule.at", "date-time", set(object{"at": "tomorrow"}, "spec", "schedule")),
		"a name that leaves no room":    refused("metadata.name", "at most 40 characters", set("a23456789012345678901234567890123456789012", "metadata", "name")),
		"a name that no label can have": refused("metadata.name", "begins with a letter", set("news.letter", "metadata", "name")),
		"neither cron nor at":           refused("spec.schedule", "exactly one of cron, at, trigger and beforeEvent", set(object{}, "spec", "schedule")),
		"both cron and at": refused("spec.schedule", "exactly one of cron, at, trigger and beforeEvent",
			set(object{"cron": "0 9 1 * *", "timeZone": "UTC", "at": "2027-04-01T09:00:00Z"}, "spec", "schedule")),
		"cron without a zone":              refused("spec.schedule", "cron, trigger and beforeEvent need timeZone", unset("spec", "schedule", "timeZone")),
		"at with a zone":                   refused("spec.schedule", "timeZone goes with cron", set(object{"at": "2027-04-01T09:00:00Z", "timeZone": "UTC"}, "spec", "schedule")),
		"cron with a zone in it":           refused("spec.schedule.cron", "write the zone in timeZone", set("CRON_TZ=UTC 0 9 1 * *", "spec", "schedule", "cron")),
		"cron of six fields":               refused("spec.schedule.cron", "five fields", set("0 0 9 1 * *", "spec", "schedule", "cron")),
		"a type that is unknown":           refused("spec.type", "Unsupported value", set("Spam", "spec", "type")),
		"In with nothing":                  refused("matchExpressions", "at least one value", expressions(object{"field": "region", "operator": "In"})),
		"Exists with a value":              refused("matchExpressions", "take no values", expressions(object{"field": "region", "operator": "Exists", "values": list{"x"}})),
		"Gt with a word":                   refused("matchExpressions", "one whole number", expressions(object{"field": "tenureMonths", "operator": "Gt", "values": list{"many"}})),
		"Gt of a word":                     refused("matchExpressions", "daysSinceJoined or daysSinceActive", expressions(object{"field": "region", "operator": "Gt", "values": list{"3"}})),
		"In of a number":                   refused("matchExpressions", "compared by Gt and Lt", expressions(object{"field": "tenureMonths", "operator": "In", "values": list{"3"}})),
		"every operator used well":         accepted(expressions(object{"field": "tenureMonths", "operator": "Lt", "values": list{"36"}}, object{"field": "skills", "operator": "DoesNotExist"}, object{"field": "locale", "operator": "NotIn", "values": list{"en"}})),
		"a field that nobody knows":        refused("matchExpressions", "Unsupported value", expressions(object{"field": "salary", "operator": "Exists"})),
		"birthdays":                        accepted(trigger(object{"event": "Birthday", "time": "08:30"}), set("Milestone", "spec", "type")),
		"a survey a year after leaving":    accepted(trigger(object{"event": "DepartureAnniversary"}), set("Survey", "spec", "type")),
		"the first week":                   accepted(trigger(object{"event": "JoinedNetwork", "after": "P7D"}), set("Onboarding", "spec", "type")),
		"those who were not seen for long": accepted(trigger(object{"event": "Inactive"}), set("Reactivation", "spec", "type")),
		"a trigger and a moment":           refused("spec.schedule", "exactly one of cron, at, trigger and beforeEvent", set(object{"at": "2027-04-01T09:00:00Z", "trigger": object{"event": "Birthday"}}, "spec", "schedule")),
		"a trigger without a zone":         refused("spec.schedule", "cron, trigger and beforeEvent need timeZone", set(object{"trigger": object{"event": "Birthday"}}, "spec", "schedule")),
		"a milestone without a trigger":    refused("spec", "type Milestone needs schedule.trigger", set("Milestone", "spec", "type")),
		"a milestone for joining":          refused("spec", "type Milestone needs schedule.trigger", trigger(object{"event": "JoinedNetwork", "after": "P7D"}), set("Milestone", "spec", "type")),
		"onboarding by birthdays":          refused("spec", "type Onboarding needs", trigger(object{"event": "Birthday"}), set("Onboarding", "spec", "type")),
		"reactivation by birthdays":        refused("spec", "type Reactivation needs", trigger(object{"event": "Birthday"}), set("Reactivation", "spec", "type")),
		"an invitation by HR's birthdays":  refused("spec", "type Invitation takes no schedule.trigger", trigger(object{"event": "Birthday"}), set("Invitation", "spec", "type")),
		"a birthday with a period":         refused("spec.schedule.trigger", "after goes with JoinedNetwork and Inactive", trigger(object{"event": "Birthday", "after": "P7D"})),
		"joining without a period":         refused("spec.schedule.trigger", "JoinedNetwork needs after", trigger(object{"event": "JoinedNetwork"})),
		"a time of the day that is none":   refused("spec.schedule.trigger.time", "written as 09:00", trigger(object{"event": "Birthday", "time": "24:00"})),
		"quiet hours that skip":            accepted(set("Skip", "spec", "delivery", "quietHours")),
		"employees alone":                  accepted(set("Only", "spec", "audience", "employees")),
		"facts of activity":                accepted(expressions(object{"field": "daysSinceActive", "operator": "Gt", "values": list{"90"}}, object{"field": "engagement", "operator": "In", "values": list{"Dormant"}})),
		"no language":                      refused("spec.content.locales", "at least 1 items", locales()),
		"a language twice":                 refused("spec.content.locales", "Duplicate value", locales(object{"locale": "ja", "subject": "a", "body": "b"}, object{"locale": "ja", "subject": "a", "body": "b"})),
		"a subject of two lines":           refused("subject", "single line", locales(object{"locale": "ja", "subject": "a\nBcc: x", "body": "b"})),
		"no body":                          refused("spec.content", "exactly one of body and bodyFrom", locales(object{"locale": "ja", "subject": "a"})),
		"two bodies":                       refused("spec.content", "exactly one of body and bodyFrom", locales(object{"locale": "ja", "subject": "a", "body": "b", "bodyFrom": object{"name": "c", "key": "d"}})),
		"a body from a ConfigMap":          accepted(locales(object{"locale": "ja", "subject": "a", "bodyFrom": object{"name": "c", "key": "d"}})),
		"no time to start in":              refused("startingDeadlineSeconds", "greater than or equal to 10", set(int64(1), "spec", "delivery", "startingDeadlineSeconds")),
		"a rule that does not exist":       refused("onUnknown", "Unsupported value", set("Guess", "spec", "delivery", "onUnknown")),
	})
}

func TestRulesOfTheChannelsOfACampaign(t *testing.T) {
	channels := func(c ...any) change { return set(append(list{}, c...), "spec", "channels") }
	clicks := set(object{"clicks": "Aggregate"}, "spec", "tracking")
	test := func(t object) change { return set(t, "spec", "content", "abTest") }
	locales := func(l ...any) change { return set(append(list{}, l...), "spec", "content", "locales") }
	tried := func(locale string, variants ...string) object {
		all := list{}
		for _, v := range variants {
			all = append(all, object{"name": v, "subject": v})
		}
		return object{"locale": locale, "subject": "s", "body": "b", "variants": all}
	}
	email := object{"type": "Email"}
	to := func(channel, destination string) object { return object{"type": channel, "destination": destination} }
	text := func(own object) change {
		return set(list{object{"locale": "ja", "subject": "a", "body": "b", "broadcast": own}}, "spec", "content", "locales")
	}
	joined := set(object{"trigger": object{"event": "JoinedNetwork", "after": "P0D"}, "timeZone": "Asia/Tokyo"}, "spec", "schedule")
	once := set(object{"at": "2030-01-01T00:00:00Z"}, "spec", "schedule")
	step := func(name, after string) object {
		return object{"name": name, "after": after, "content": object{"locales": list{object{"locale": "ja", "subject": "s", "body": "b"}}}}
	}
	steps := func(all ...any) change { return set(all, "spec", "steps") }
	event := func(more object) change {
		e := object{"startsAt": "2027-02-06T13:00:00+09:00", "endsAt": "2027-02-06T17:00:00+09:00", "locales": list{object{"locale": "ja", "title": "見学会"}}}
		maps.Copy(e, more)
		return set(e, "spec", "event")
	}
	before := func(by string) change {
		return set(object{"beforeEvent": object{"by": by}, "timeZone": "Asia/Tokyo"}, "spec", "schedule")
	}
	var many []any
	for i := range 11 {
		many = append(many, step("step-"+string(rune('a'+i)), "P1D"))
	}
	birthdays := set(object{"trigger": object{"event": "Birthday"}, "timeZone": "Asia/Tokyo"}, "spec", "schedule")
	var all list
	for i := range 31 {
		all = append(all, to("Slack", "news-"+string(rune('a'+i%26))+string(rune('a'+i/26))))
	}
	runCases(t, "campaign.yaml", map[string]validationCase{
		"mail alone":                        accepted(channels(email)),
		"mail and three others":             accepted(channels(email, to("Slack", "news"), to("Teams", "news"), to("Webhook", "intranet"))),
		"posts alone":                       accepted(channels(to("Slack", "news"), to("Slack", "tokyo")), unset("spec", "audience")),
		"a post that is sent again":         accepted(channels(email, object{"type": "Webhook", "destination": "intranet", "onUnknown": "Resend"})),
		"no channel":                        refused("spec.channels", "at least 1 items", channels()),
		"more channels than there can be":   refused("spec.channels", "must have at most 31 items", channels(append(all, email)...)),
		"a channel that nobody speaks":      refused("spec.channels[0].type", "Unsupported value", channels(to("Fax", "news"))),
		"mail twice":                        refused("spec.channels", "Email, LINE and Portal can be named once each", channels(email, email)),
		"all that writes to members":        accepted(channels(object{"type": "LINE"}, email, object{"type": "Portal"}, to("Slack", "news"))),
		"the first that reaches":            accepted(channels(object{"type": "LINE"}, email), set("FirstReachable", "spec", "channelMode")),
		"the first of one":                  refused("spec", "name two of Email, LINE and Portal", channels(email, to("Slack", "news")), set("FirstReachable", "spec", "channelMode")),
		"the first of none":                 refused("spec", "name two of Email, LINE and Portal", set("FirstReachable", "spec", "channelMode")),
		"a mode that is none":               refused("spec.channelMode", "Unsupported value", channels(object{"type": "LINE"}, email), set("Any", "spec", "channelMode")),
		"LINE twice":                        refused("spec.channels", "Email, LINE and Portal can be named once each", channels(object{"type": "LINE"}, object{"type": "LINE"})),
		"LINE to a destination":             refused("spec.channels[0]", "types Email, LINE and Portal take no destination", channels(to("LINE", "news"))),
		"the portal with a rule for posts":  refused("spec.channels[0]", "types LINE and Portal take no onUnknown", channels(object{"type": "Portal", "onUnknown": "Hold"})),
		"an invitation by LINE":             refused("spec", "take LINE and Portal out of channels", channels(email, object{"type": "LINE"}), set("Invitation", "spec", "type")),
		"further messages":                  accepted(joined, steps(step("profile", "P3D"), step("event", "P2W"))),
		"reminders":                         accepted(once, steps(step("reminder", "P7D"))),
		"messages after every newsletter":   refused("spec", "steps follow a message that each member gets once", steps(step("reminder", "P7D"))),
		"messages after a birthday":         refused("spec", "steps follow a message that each member gets once", birthdays, steps(step("reminder", "P7D"))),
		"messages after an invitation":      refused("spec", "type Invitation takes no steps", once, set("Invitation", "spec", "type"), steps(step("reminder", "P7D"))),
		"messages after posts":              refused("spec", "steps are written to members", once, channels(to("Slack", "news")), unset("spec", "audience"), steps(step("reminder", "P7D"))),
		"messages after a test":             refused("spec", "content.abTest and steps cannot be together", once, clicks, test(object{}), locales(tried("ja", "a", "b")), steps(step("reminder", "P7D"))),
		"a step after no time":              refused("spec.steps[0].after", "after is a number of days or weeks", once, steps(step("reminder", "P0D"))),
		"a step after half a day":           refused("spec.steps[0].after", "after is a number of days or weeks", once, steps(step("reminder", "PT12H"))),
		"two steps of one name":             refused("spec.steps[1]", "Duplicate value", once, steps(step("reminder", "P7D"), step("reminder", "P7D"))),
		"a step that says nothing":          refused("spec.steps[0].content", "exactly one of body and bodyFrom", once, steps(object{"name": "a", "after": "P1D", "content": object{"locales": list{object{"locale": "ja", "subject": "s"}}}})),
		"more steps than there can be":      refused("spec.steps", "must have at most 10 items", once, steps(many...)),
		"an event":                          accepted(set("EventInvitation", "spec", "type"), event(object{})),
		"a week before an event":            accepted(set("EventInvitation", "spec", "type"), event(object{}), before("P1W"), steps(step("reminder", "P6D"))),
		"on the day of an event":            accepted(set("EventInvitation", "spec", "type"), event(object{}), before("P0D")),
		"before no event":                   refused("spec", "schedule.beforeEvent needs event", before("P1W")),
		"half a day before an event":        refused("spec.schedule.beforeEvent.by", "number of days or weeks", set("EventInvitation", "spec", "type"), event(object{}), before("PT12H")),
		"before an event in no zone":        refused("spec.schedule", "need timeZone", set("EventInvitation", "spec", "type"), event(object{}), set(object{"beforeEvent": object{"by": "P1D"}}, "spec", "schedule")),
		"before an event and every month":   refused("spec.schedule", "set exactly one of cron, at, trigger and beforeEvent", set("EventInvitation", "spec", "type"), event(object{}), set(object{"beforeEvent": object{"by": "P1D"}, "cron": "0 9 1 * *", "timeZone": "Asia/Tokyo"}, "spec", "schedule")),
		"an event of a newsletter":          refused("spec", "event goes with type EventInvitation", event(object{})),
		"an event that ends before":         refused("spec.event", "endsAt is after startsAt", set("EventInvitation", "spec", "type"), event(object{"endsAt": "2027-02-06T12:00:00+09:00"})),
		"an event at no time":               refused("spec.event.startsAt", "must be of type date-time", set("EventInvitation", "spec", "type"), event(object{"startsAt": "tomorrow"})),
		"an event of two lines":             refused("spec.event.locales[0].title", "single line", set("EventInvitation", "spec", "type"), event(object{"locales": list{object{"locale": "ja", "title": "a\r\nb"}}})),
		"an event on a page in clear":       refused("spec.event.url", "url begins with https://", set("EventInvitation", "spec", "type"), event(object{"url": "http://hoshino.example/"})),
		"birthdays by LINE":                 accepted(birthdays, channels(object{"type": "LINE"}, object{"type": "Portal"})),
		"birthdays that are posted":         refused("spec", "schedule.trigger writes to single members", birthdays, channels(email, to("Slack", "news"))),
		"one destination twice":             refused("spec.channels", "each destination can be named once", channels(email, to("Slack", "news"), to("Slack", "news"))),
		"mail to a destination":             refused("spec.channels[0]", "types Email, LINE and Portal take no destination", channels(to("Email", "news"))),
		"Slack without a destination":       refused("spec.channels[0]", "need destination: a name from channels.slack", channels(object{"type": "Slack"})),
		"mail with a rule for posts":        refused("spec.channels[0]", "is set in delivery.onUnknown", channels(object{"type": "Email", "onUnknown": "Hold"})),
		"an audience that nobody writes to": refused("spec", "add one of them to channels, or remove audience", channels(to("Slack", "news"))),
		"counts of clicks":                  accepted(set(object{"clicks": "Aggregate"}, "spec", "tracking")),
		"what members allow":                accepted(set(object{"clicks": "Consented", "opens": "Consented"}, "spec", "tracking")),
		"opens of everybody":                refused("spec.tracking.opens", "Unsupported value", set(object{"opens": "Aggregate"}, "spec", "tracking")),
		"tracking without mails":            refused("spec", "add Email, LINE or Portal to channels, or remove tracking", channels(to("Slack", "news")), unset("spec", "audience"), set(object{"clicks": "Aggregate"}, "spec", "tracking")),
		"people who look it over":           accepted(set(object{"secretRef": object{"name": "reviewers"}}, "spec", "testRecipients")),
		"people without a Secret":           refused("spec.testRecipients.secretRef", "Required value", set(object{}, "spec", "testRecipients")),
		"posts that people look over":       refused("spec", "add Email to channels, or remove testRecipients", channels(to("Slack", "news")), unset("spec", "audience"), set(object{"secretRef": object{"name": "reviewers"}}, "spec", "testRecipients")),
		"an A/B test":                       accepted(clicks, test(object{}), locales(tried("ja", "a", "b"), tried("en", "b", "a"))),
		"all of an A/B test":                accepted(clicks, test(object{"testPercent": int64(30), "holdOutPercent": int64(10), "metric": "Clicks", "after": "PT48H"}), locales(tried("ja", "a", "b", "c", "d"))),
		"a test of nothing":                 refused("spec.content", "abTest needs variants in every locale", clicks, test(object{})),
		"variants that nobody tries":        refused("spec.content", "variants are for abTest", clicks, locales(tried("ja", "a", "b"))),
		"a test in one language":            refused("spec.content", "abTest needs variants in every locale", clicks, test(object{}), locales(tried("ja", "a", "b"), object{"locale": "en", "subject": "s", "body": "b"})),
		"other variants in each language":   refused("spec.content", "variants of the same names", clicks, test(object{}), locales(tried("ja", "a", "b"), tried("en", "a", "c"))),
		"one variant":                       refused("spec.content.locales[0].variants", "at least 2 items", clicks, test(object{}), locales(tried("ja", "a"))),
		"a variant of a longer name":        refused("spec.content.locales[0].variants", "Unsupported value", clicks, test(object{}), locales(tried("ja", "a", "bb"))),
		"a variant that changes nothing":    refused("spec.content.locales[0].variants", "needs subject, body or both", clicks, test(object{}), locales(object{"locale": "ja", "subject": "s", "body": "b", "variants": list{object{"name": "a"}, object{"name": "b", "subject": "x"}}})),
		"a test without clicks":             refused("spec", "set tracking.clicks to Aggregate or Consented", test(object{}), locales(tried("ja", "a", "b"))),
		"a test by opens":                   refused("spec.content.abTest.metric", "Unsupported value", clicks, test(object{"metric": "Opens"}), locales(tried("ja", "a", "b"))),
		"a test of birthdays":               refused("spec", "schedule.trigger writes to few", birthdays, clicks, test(object{}), locales(tried("ja", "a", "b"))),
		"a test of half":                    refused("spec.content.abTest.testPercent", "less than or equal to 30", clicks, test(object{"testPercent": int64(50)}), locales(tried("ja", "a", "b"))),
		"a wait of two minutes":             refused("spec.content.abTest.after", "whole hours", clicks, test(object{"after": "PT2M"}), locales(tried("ja", "a", "b"))),
		"a wait of two days and an hour":    refused("spec.content.abTest.after", "whole hours", clicks, test(object{"after": "PT49H"}), locales(tried("ja", "a", "b"))),
		"birthdays by mail":                 accepted(channels(email), birthdays),
		"birthdays for everybody to read":   refused("spec", "schedule.trigger writes to single members", channels(email, to("Slack", "news")), birthdays),
		"a text of its own for posts":       accepted(text(object{"subject": "a", "body": "b"})),
		"a title of its own for posts":      accepted(text(object{"subject": "a"})),
		"a text of its own without a text":  refused("broadcast", "needs subject, body or both", text(object{})),
		"a title of two lines for posts":    refused("broadcast.subject", "single line", text(object{"subject": "a\nb"})),
	})
}

func TestRulesOfDestinations(t *testing.T) {
	destination := func(name string) object {
		return object{"name": name, "secretRef": object{"name": "alumni-slack"}}
	}
	slack := func(d ...any) change { return set(append(list{}, d...), "spec", "channels", "slack") }
	var many list
	for i := range 11 {
		many = append(many, destination("news-"+string(rune('a'+i))))
	}
	runCases(t, "network.yaml", map[string]validationCase{
		"two channels of Slack": accepted(slack(destination("news"), destination("tokyo"))),
		"one of each": accepted(slack(destination("news")), set(list{destination("news")}, "spec", "channels", "teams"),
			set(list{destination("news")}, "spec", "channels", "webhook")),
		"a name twice":                   refused("spec.channels.slack[1]", "Duplicate value", slack(destination("news"), destination("news"))),
		"a name that no folder can have": refused("spec.channels.slack[0].name", "name begins with a letter", slack(destination("../news"))),
		"more than ten":                  refused("spec.channels.slack", "at most 10 items", slack(many...)),
		"no Secret":                      refused("spec.channels.slack[0].secretRef", "Required value", slack(object{"name": "news"})),
	})
}

func TestRetentionPolicyRules(t *testing.T) {
	rules := func(r ...any) change { return set(r, "spec", "rules") }
	rule := func(name, category, since, after string) object {
		return object{"name": name, "category": category, "trigger": object{"since": since}, "after": after}
	}
	missing := func(since, then string) object {
		return object{"name": "a", "category": "Profile", "trigger": object{"since": since, "ifMissing": then}, "after": "P1Y"}
	}
	minimums := func(m ...any) change { return set(m, "spec", "minimums") }
	minimum := func(name, category, since, basis string) object {
		return object{"name": name, "category": category, "since": since, "basis": basis, "keep": "P3Y", "legalBasis": "APPI 29/30"}
	}
	holds := func(h ...any) change { return set(h, "spec", "holds") }
	hold := func(name, reason, reviewOn string, categories ...any) object {
		return object{"name": name, "reason": reason, "reviewOn": reviewOn, "categories": append([]any{}, categories...), "membersSecretRef": object{"name": "dispute"}}
	}
	lawless := minimum("a", "Profile", "Created", "Statutory")
	delete(lawless, "legalBasis")
	runCases(t, "retention.yaml", map[string]validationCase{
		"people whose consent ended":      accepted(rules(rule("a", "Profile", "ConsentEnded", "P30D"))),
		"people who never joined":         accepted(rules(rule("a", "Profile", "Created", "P5Y"))),
		"a departure that may be missing": accepted(rules(missing("Departed", "UseCreated"))),
		"a consent that may be missing":   refused("spec.rules", "ifMissing UseCreated is for Departed and LastActivity", rules(missing("ConsentEnded", "UseCreated"))),
		"an ifMissing that is not known":  refused("ifMissing", "Unsupported value", rules(missing("Departed", "Guess"))),
		"a ceiling":                       accepted(set(object{"after": "P5Y"}, "spec", "ceiling")),
		"a ceiling without a period":      refused("spec.ceiling.after", "Required value", set(object{"since": "LastActivity"}, "spec", "ceiling")),
		"a ceiling from another event":    refused("spec.ceiling.since", "Unsupported value", set(object{"since": "Departed", "after": "P5Y"}, "spec", "ceiling")),
		"minimums of both kinds":          accepted(minimums(minimum("a", "Profile", "Created", "Statutory"), minimum("b", "DeliveryLogs", "Sent", "Business"))),
		"a law without its name":          refused("spec.minimums", "names its law in legalBasis", minimums(lawless)),
		"people kept from a mail":         refused("spec.minimums", "DeliveryLogs are kept from Sent", minimums(minimum("a", "Profile", "Sent", "Business"))),
		"logs kept from being listed":     refused("spec.minimums", "DeliveryLogs are kept from Sent", minimums(minimum("a", "DeliveryLogs", "Created", "Business"))),
		"holds":                           accepted(holds(hold("a", "LegalClaim", "2027-04-01", "Profile"), hold("b", "Audit", "2027-04-01", "Profile", "DeliveryLogs"))),
		"a short hold":                    accepted(holds(object{"name": "a", "reason": "Investigation", "membersSecretRef": object{"name": "dispute"}})),
		"a hold without a reason":         refused("spec.holds[0].reason", "Required value", holds(object{"name": "a", "membersSecretRef": object{"name": "dispute"}})),
		"a hold for a reason of its own":  refused("spec.holds[0].reason", "Unsupported value", holds(hold("a", "Curiosity", "2027-04-01", "Profile"))),
		"a hold without a list":           refused("spec.holds[0].membersSecretRef", "Required value", holds(object{"name": "a", "reason": "Audit"})),
		"a hold of no category":           refused("spec.holds[0].categories", "at least 1 items", holds(hold("a", "Audit", "2027-04-01"))),
		"a review on no date":             refused("spec.holds[0].reviewOn", "date", holds(hold("a", "Audit", "next spring", "Profile"))),
		"a hold twice":                    refused("spec.holds[1]", "Duplicate value", holds(hold("a", "Audit", "2027-04-01", "Profile"), hold("a", "Audit", "2027-04-01", "Profile"))),
		"a basis that is not known":       refused("basis", "Unsupported value", minimums(minimum("a", "Profile", "Created", "Habit"))),
		"a minimum twice":                 refused("spec.minimums", "Duplicate value", minimums(minimum("a", "Profile", "Created", "Business"), minimum("a", "DeliveryLogs", "Sent", "Business"))),
		"a minimum with spaces":           refused("name", "lower case letters", minimums(minimum("my law", "Profile", "Created", "Business"))),
		"a whole policy":                  accepted(),
		"a period of many parts":          accepted(rules(rule("a", "Profile", "LastActivity", "P1Y6M2W3D"))),
		"a name that leaves no room":      refused("metadata.name", "at most 40 characters", set("a23456789012345678901234567890123456789012", "metadata", "name")),
		"a name that begins with a digit": refused("metadata.name", "begins with a letter", set("1-default", "metadata", "name")),
		"a period of hours":               refused("after", "ISO 8601", rules(rule("a", "Profile", "Departed", "PT24H"))),
		"a period in words":               refused("after", "ISO 8601", rules(rule("a", "Profile", "Departed", "10 years"))),
		"an empty period":                 refused("after", "at least 2 chars", rules(rule("a", "Profile", "Departed", "P"))),
		"a negative period":               refused("after", "ISO 8601", rules(rule("a", "Profile", "Departed", "-P1Y"))),
		"logs counted from departure":     refused("spec.rules", "DeliveryLogs are counted from Sent", rules(rule("a", "DeliveryLogs", "Departed", "P1Y"))),
		"people counted from a mail":      refused("spec.rules", "DeliveryLogs are counted from Sent", rules(rule("a", "Profile", "Sent", "P1Y"))),
		"a rule name twice":               refused("spec.rules", "Duplicate value", rules(rule("a", "Profile", "Departed", "P1Y"), rule("a", "Profile", "LastActivity", "P1Y"))),
		"a rule name with spaces":         refused("name", "lower case letters", rules(rule("my rule", "Profile", "Departed", "P1Y"))),
		"an action that is not built":     refused("action", "Unsupported value", rules(object{"name": "a", "category": "Profile", "trigger": object{"since": "Departed"}, "after": "P1Y", "action": "Hide"})),
		"a mode that does not exist":      refused("spec.mode", "Unsupported value", set("Maybe", "spec", "mode")),
		"cron with a zone in it":          refused("spec.schedule.cron", "write the zone in spec.timeZone", set("TZ=UTC 0 1 * * *", "spec", "schedule", "cron")),
		"cron of three fields":            refused("spec.schedule.cron", "five fields", set("0 1 *    ", "spec", "schedule", "cron")),
		"a promise of no time":            refused("primaryWithinHours", "greater than or equal to 1", set(int64(0), "spec", "erasureRequests", "primaryWithinHours")),
		"a batch that locks everybody":    refused("batchMembers", "less than or equal to 5000", set(int64(100000), "spec", "execution", "batchMembers")),
		"a zone that is no zone":          refused("spec.timeZone", "IANA name", set("Tokyo time", "spec", "timeZone")),
	})
}

func TestRulesOfSurveys(t *testing.T) {
	title := func(locales ...string) list {
		var all list
		for _, l := range locales {
			all = append(all, object{"locale": l, "text": "t"})
		}
		return all
	}
	question := func(kind string, more object) object {
		q := object{"name": "q", "kind": kind, "title": title("ja")}
		maps.Copy(q, more)
		return q
	}
	option := func(name string, locales ...string) object { return object{"name": name, "title": title(locales...)} }
	options := object{"options": list{option("yes", "ja"), option("no", "ja")}}
	asks := func(questions ...any) change { return set(object{"questions": questions}, "spec", "survey") }
	asksWith := func(field string, value any) change {
		return set(object{"questions": list{question("Scale", nil)}, field: value}, "spec", "survey")
	}
	kind, once := set("Survey", "spec", "type"), set(object{"at": "2030-01-01T00:00:00Z"}, "spec", "schedule")
	answered := object{"field": "surveyAnswered", "operator": "Exists"}
	reminder := func(exit object) change {
		return set(list{object{"name": "reminder", "after": "P7D", "exitWhen": list{exit},
			"content": object{"locales": list{object{"locale": "ja", "subject": "s", "body": "b"}}}}}, "spec", "steps")
	}
	scale := asks(question("Scale", nil))
	var many list
	for i := range 31 {
		many = append(many, question("Scale", object{"name": fmt.Sprintf("q-%d", i)}))
	}
	runCases(t, "campaign.yaml", map[string]validationCase{
		"one of each kind": accepted(kind, once, asks(question("SingleChoice", options), question("MultipleChoice", object{"name": "b", "options": options["options"]}),
			question("Scale", object{"name": "c", "required": "Required"}), question("Text", object{"name": "d", "required": "Optional"}))),
		"somebody else's tool":              accepted(kind, once),
		"a named one of two weeks":          accepted(kind, once, set(object{"anonymity": "Named", "closesAfter": "P2W", "questions": list{question("Scale", nil)}}, "spec", "survey")),
		"ninety days":                       accepted(kind, once, asksWith("closesAfter", "P90D")),
		"ninety-one days":                   refused("spec.survey.closesAfter", "from P1D to P90D", kind, once, asksWith("closesAfter", "P91D")),
		"thirteen weeks":                    refused("spec.survey.closesAfter", "from P1D to P90D", kind, once, asksWith("closesAfter", "P13W")),
		"no day":                            refused("spec.survey.closesAfter", "from P1D to P90D", kind, once, asksWith("closesAfter", "P0D")),
		"half anonymous":                    refused("spec.survey.anonymity", "Unsupported value", kind, once, asksWith("anonymity", "Half")),
		"a newsletter that asks":            refused("spec", "survey goes with type Survey", once, scale),
		"every month":                       refused("spec", "a survey asks each member once", kind, scale),
		"posts that ask":                    refused("spec", "survey asks members", kind, once, unset("spec", "audience"), set(list{object{"type": "Slack", "destination": "news"}}, "spec", "channels"), scale),
		"no question":                       refused("spec.survey.questions", "at least 1 items", kind, once, set(object{"questions": list{}}, "spec", "survey")),
		"more questions than there can be":  refused("spec.survey.questions", "at most 30 items", kind, once, asks(many...)),
		"two questions of one name":         refused("spec.survey.questions[1]", "Duplicate value", kind, once, asks(question("Scale", nil), question("Text", nil))),
		"a choice of nothing":               refused("spec.survey.questions[0]", "need options", kind, once, asks(question("SingleChoice", nil))),
		"a choice of one":                   refused("spec.survey.questions[0].options", "at least 2 items", kind, once, asks(question("SingleChoice", object{"options": list{option("yes", "ja")}}))),
		"two options of one name":           refused("spec.survey.questions[0].options[1]", "Duplicate value", kind, once, asks(question("SingleChoice", object{"options": list{option("yes", "ja"), option("yes", "ja")}}))),
		"a scale with options":              refused("spec.survey.questions[0]", "options go with SingleChoice and MultipleChoice", kind, once, asks(question("Scale", options))),
		"a question in another language":    refused("spec", "a title in the languages of content.locales", kind, once, asks(question("Scale", object{"title": title("en")}))),
		"a question in one language more":   refused("spec", "a title in the languages of content.locales", kind, once, asks(question("Scale", object{"title": title("ja", "en")}))),
		"an option in another language":     refused("spec.survey.questions[0]", "every option needs a title", kind, once, asks(question("SingleChoice", object{"options": list{option("yes", "ja"), option("no", "en")}}))),
		"a question of two lines":           refused("spec.survey.questions[0].title[0].text", "single line", kind, once, asks(question("Scale", object{"title": list{object{"locale": "ja", "text": "a\nb"}}}))),
		"whether it is required as a bool":  refused("spec.survey.questions[0].required", "Unsupported value", kind, once, asks(question("Scale", object{"required": "true"}))),
		"a reminder to those who did not":   accepted(kind, once, scale, reminder(answered)),
		"a reminder on the last day":        accepted(kind, once, asksWith("closesAfter", "P8D"), reminder(answered)),
		"a reminder when it has closed":     refused("spec", "together their after must be less", kind, once, asksWith("closesAfter", "P1W"), reminder(answered)),
		"a reminder without a survey":       refused("spec", "field surveyAnswered is of the campaign's own survey", kind, once, reminder(answered)),
		"an answer that is compared":        refused("spec.steps[0].exitWhen[0]", "surveyAnswered goes with Exists and DoesNotExist", kind, once, scale, reminder(object{"field": "surveyAnswered", "operator": "In", "values": list{"yes"}})),
		"an audience of those who answered": refused("spec", "surveyAnswered goes with exitWhen of steps alone", kind, once, scale, set(list{answered}, "spec", "audience", "matchExpressions")),
	})
}
