package perf_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/people"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func BenchmarkScratch(b *testing.B) {
	file := people.Roster{Company: "hoshino-logistics", Seed: 1, Headings: people.English, Encoding: people.UTF8}
	r := newRosterBench(b, os.Getenv("SCRATCH_WORKER"), file)
	for _, name := range []string{"first", "again", "changed"} {
		if name == "changed" {
			file.Seed++
			r.write(file)
		}
		args := []string{"roster"}
		for flag, dir := range r.dirs {
			args = append(args, "--"+flag, dir)
		}
		command := exec.Command(r.worker, args...)
		command.Env = []string{settings.EnvRunName + "=" + name}
		command.Stderr = os.Stderr
		t := time.Now()
		fmt.Fprintln(os.Stderr, "-----", name)
		if err := command.Run(); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintln(os.Stderr, name, time.Since(t))
	}
	b.SkipNow()
}
