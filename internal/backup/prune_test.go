// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
)

func TestWhichBackupsGo(t *testing.T) {
	now := time.Date(2027, 4, 10, 3, 0, 0, 0, time.UTC)
	days := func(ages ...int) []found {
		var all []found
		for _, age := range ages {
			taken := now.AddDate(0, 0, -age)
			all = append(all, found{name: backupName(taken, 2), taken: taken})
		}
		return all
	}
	week := &calendar.Period{Days: 7}
	for name, c := range map[string]struct {
		keep    Keep
		backups []found
		gone    []found
	}{
		"none":                               {Keep{Count: 2}, nil, nil},
		"no more than count":                 {Keep{Count: 3}, days(1, 2, 3), nil},
		"those beyond count":                 {Keep{Count: 2}, days(1, 2, 3, 4), days(3, 4)},
		"those whose period has passed":      {Keep{Count: 9, Age: week}, days(1, 7, 8, 30), days(8, 30)},
		"never the newest, however old":      {Keep{Count: 9, Age: week}, days(30, 40), days(40)},
		"never the newest, whatever count":   {Keep{Count: 0}, days(1, 2), days(2)},
		"what either of the two bounds says": {Keep{Count: 2, Age: week}, days(1, 9, 10), days(9, 10)},
	} {
		t.Run(name, func(t *testing.T) {
			c.keep.Zone = time.UTC
			NewWithT(t).Expect(c.keep.excess(c.backups, now)).To(Equal(c.gone))
		})
	}
}

func TestPruningFollowsASuccessOnly(t *testing.T) {
	w := newWorld(t)
	w.g.Expect(os.MkdirAll(w.dir(), 0o755)).To(Succeed())
	put := func(names ...string) {
		for _, name := range names {
			w.g.Expect(os.WriteFile(filepath.Join(w.dir(), name), []byte("{}"), 0o600)).To(Succeed())
		}
	}
	put("20260101T000000Z-00002.dump.age", "20260101T000000Z-00002.json", "20260102T000000Z-00002.dump.age", "20260102T000000Z-00002.json",
		"20260103T000000Z-00002.dump.age", "README.txt", "notes.json")
	yesterday := time.Now().Add(-25 * time.Hour)
	w.g.Expect(os.Chtimes(filepath.Join(w.dir(), "20260103T000000Z-00002.dump.age"), yesterday, yesterday)).To(Succeed())
	before := w.files()

	failing := w.job("nightly-1")
	failing.Keep.Count, failing.Clients.Dump = 1, "/bin/false"
	_, err := failing.Backup(t.Context())
	w.g.Expect(code(w.g, err)).To(Equal(DumpFailed))
	w.g.Expect(w.files()).To(Equal(before))

	good := w.job("nightly-2")
	good.Keep.Count = 2
	made, err := good.Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(made.Pruned).To(Equal(1))
	w.g.Expect(w.files()).To(ConsistOf(made.Manifest.Name+".dump.age", made.Manifest.Name+".json",
		"20260102T000000Z-00002.dump.age", "20260102T000000Z-00002.json", "README.txt", "notes.json"))
}
