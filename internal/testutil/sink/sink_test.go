// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/testutil/sink"
)

// stopped is a test that keeps how it was ended.
type stopped struct {
	testing.TB
	how chan string
}

func (s *stopped) Helper() {}

func (s *stopped) Fatalf(format string, _ ...any) {
	s.how <- "failed: " + format
	runtime.Goexit()
}

func TestTheSinkCountsWhatTheBlastSends(t *testing.T) {
	g := NewWithT(t)
	s := sink.Start(t)

	out, err := exec.Command(sink.Program(t, "smtp-blast"), "-smtp", s.SMTP, "-n", "100", "-c", "2", "-size", "500").CombinedOutput()

	g.Expect(err).NotTo(HaveOccurred(), string(out))
	g.Expect(s.Stats(100).Accepted).To(BeEquivalentTo(100))
	s.Reset()
	g.Expect(s.Stats(100).Histogram).To(Equal(map[string]int64{"0": 100}))
}

func TestAFolderThatIsNamedMustHoldThePrograms(t *testing.T) {
	t.Setenv("ALUMNI_BENCH_DIR", filepath.Join(t.TempDir(), "nothing"))
	s := &stopped{TB: t, how: make(chan string)}
	go sink.Program(s, "smtp-sink")
	NewWithT(t).Expect(<-s.how).To(HavePrefix("failed: read the sources"))
}
