package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/descent-ml/descent/report"
)

// slow is a run of many updates that saves after every other one: most of its
// time it is writing a checkpoint.
func slow(out string) []string {
	return []string{"train", "digits", "--out", out, "--quiet", "--set", "model=[{dense: 32}, relu, {dropout: 0.2}, {dense: auto}]",
		"--set", "budget=600up", "--set", "checkpoint.every=2up"}
}

func exitCode(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	s, err := report.ReadSummary(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Stopped != report.Budget {
		t.Fatalf("%s stopped: %s", dir, s.Stopped)
	}
	return s.Fingerprint
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"version"}, 0},
		{[]string{"train", "--set"}, 2},
		{[]string{"train", "digits", "--set", "batch=0"}, 2},
		{[]string{"train", "--data", "none.csv"}, 1},
	} {
		cmd, _, stderr := process(dir, c.args...)
		if got := exitCode(cmd.Run()); got != c.want {
			t.Errorf("descent %s: exit code %d, want %d: %s", strings.Join(c.args, " "), got, c.want, stderr)
		}
	}
}

// waitFor waits until f is true while the process lives.
func waitFor(t *testing.T, what string, done <-chan error, f func() bool) {
	t.Helper()
	for start := time.Now(); !f(); time.Sleep(200 * time.Microsecond) {
		select {
		case err := <-done:
			t.Fatalf("the process ended before there was %s: %v", what, err)
		default:
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("after a minute there is no %s", what)
		}
	}
}

func start(t *testing.T, cmd *exec.Cmd) <-chan error {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	return done
}

// newest returns the last checkpoint of a run by name, "" if there is none.
func newest(run string) string {
	files, _ := filepath.Glob(filepath.Join(run, "checkpoints", "update-*"))
	return slices.Max(append(files, ""))
}

// TestSignals: SIGINT and SIGTERM save and end with their code, and the run
// continues to the same bits.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send on Windows")
	}
	dir := t.TempDir()
	whole, out := filepath.Join(dir, "whole"), filepath.Join(dir, "run")
	mustCall(t, slow(whole)...)
	args := slow(out)
	for _, s := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		before := newest(out)
		cmd, stdout, stderr := process(dir, append(args, "--json")...)
		done := start(t, cmd)
		waitFor(t, "a new checkpoint", done, func() bool { return newest(out) > before })
		if err := cmd.Process.Signal(s.signal); err != nil {
			t.Fatal(err)
		}
		if got := exitCode(<-done); got != s.code {
			t.Fatalf("%v: exit code %d, want %d: %s", s.signal, got, s.code, stderr)
		}
		if got := summary(t, stdout.String()); got.Stopped != report.Interrupted {
			t.Fatalf("%v: stopped %s", s.signal, got.Stopped)
		}
		if !strings.Contains(stderr.String(), "descent train --resume "+out) {
			t.Errorf("%v: nobody is told how to continue: %s", s.signal, stderr)
		}
		args = []string{"train", "--resume", out, "--quiet"}
	}
	mustCall(t, "train", "--resume", out, "--quiet", "--set", "exec.micro=full")
	if got, want := fingerprint(t, out), fingerprint(t, whole); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	if code, _, stderr := call("train", "--resume", out, "--quiet", "--set", "batch=8"); code != 2 || !strings.Contains(stderr, "batch is 8 (the run has 16)") {
		t.Errorf("another batch on resume: exit code %d, %s", code, stderr)
	}
}

// TestSecondSignal: the second one does not wait for the update.
func TestSecondSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send on Windows")
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "run")
	// An update of all examples with 17 million weights takes its time.
	cmd, _, stderr := process(dir, "train", "digits", "--out", out, "--set", "batch=all", "--set", "model=[{dense: 4096}, relu, {dense: 4096}, relu, {dense: auto}]")
	done := start(t, cmd)
	waitFor(t, "a run", done, func() bool { return isRun(out) })
	var err error
	for ended := false; !ended; { // two signals at once may count as one
		cmd.Process.Signal(os.Interrupt)
		select {
		case err = <-done:
			ended = true
		case <-time.After(20 * time.Millisecond):
		}
	}
	if got := exitCode(err); got != 130 {
		t.Fatalf("exit code %d, want 130: %s", got, stderr)
	}
	if files, _ := filepath.Glob(filepath.Join(out, "checkpoints", "update-*")); len(files) > 0 {
		t.Errorf("the process waited until it had saved %v", files)
	}
}

// TestKill: a run that is killed at 20 moments, one of them at least inside the
// writing of a checkpoint, continues to the same bits.
func TestKill(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a killed process leaves files that cannot be removed yet")
	}
	dir := t.TempDir()
	whole, out := filepath.Join(dir, "whole"), filepath.Join(dir, "run")
	mustCall(t, slow(whole)...)
	rnd := rand.New(rand.NewPCG(1, 2))
	writing := func() bool {
		temps, _ := filepath.Glob(filepath.Join(out, "checkpoints", ".*.tmp-*"))
		return len(temps) > 0
	}
	args, inside := slow(out), 0
	for kill := range 20 {
		cmd, _, _ := process(dir, args...)
		done := start(t, cmd)
		waitFor(t, "a run", done, func() bool { return isRun(out) })
		time.Sleep(time.Duration(rnd.Int64N(int64(15 * time.Millisecond))))
		if kill%4 == 0 { // such moments are most of the time, but let there be no doubt
			waitFor(t, "a checkpoint being written", done, writing)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatalf("kill %d: the run was over: %v", kill, err)
		}
		<-done
		if writing() {
			inside++
		}
		args = []string{"train", "--resume", out, "--quiet"}
	}
	if inside == 0 {
		t.Error("no kill was inside the writing of a checkpoint")
	}
	mustCall(t, args...)
	if got, want := fingerprint(t, out), fingerprint(t, whole); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	t.Logf("%d of 20 kills were inside the writing of a checkpoint", inside)
}

// TestEnvironment: what the environment says about execution is checked.
func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		variable, value string
		code            int
		want            string
	}{
		{"DESCENT_THREADS", "1", 0, ""},
		{"DESCENT_THREADS", "none", 2, `DESCENT_THREADS: got "none" (want a number of threads`},
		{"DESCENT_ISA", "go", 0, ""},
		{"DESCENT_ISA", "mmx", 2, `DESCENT_ISA`},
	} {
		dir := t.TempDir()
		cmd, stdout, stderr := process(dir, "train", "digits", "--set", "budget=1up", "--quiet", "--json")
		cmd.Env = append(cmd.Env, c.variable+"="+c.value)
		if code := exitCode(cmd.Run()); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s=%s: exit code %d, %s", c.variable, c.value, code, stderr)
		}
		if c.variable == "DESCENT_ISA" && c.code == 0 && summary(t, stdout.String()).ISA != c.value {
			t.Errorf("DESCENT_ISA=%s ran on %s", c.value, summary(t, stdout.String()).ISA)
		}
	}
}
