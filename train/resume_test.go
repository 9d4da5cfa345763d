package train

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// resumable is a run with state of every kind: momentum, early stopping,
// records that span a checkpoint.
func resumable(t testing.TB) Config {
	c := small(t)
	c.Engine = newRounding()
	c.Optimizer = optim.AdamW(0.05).WithClipNorm(1).WithGroups(optim.NoDecay()).WithSchedule(optim.WarmUp(0.1, optim.Cosine(0)))
	c.Out = filepath.Join(t.TempDir(), "run")
	c.LogEvery = batch.Updates(5)
	c.Checkpoint.Every = batch.Updates(7)
	c.EarlyStop.Patience = 100
	c.Resolved = json.RawMessage(`{"optimizer":{"sgd":{"lr":0.2}},"exec":{"micro":"auto"}}`)
	return c
}

// stopAfter makes a run stop after an update.
func stopAfter(c Config, update uint64) Config {
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated && e.Position.Update == update {
			return Stop
		}
		return nil
	}
	return c
}

// records are the lines of metrics.jsonl without what depends on a clock or on
// the machine.
func records(t testing.TB, dir string) []report.Record {
	t.Helper()
	all, err := report.ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Seconds, all[i].Rate, all[i].Bytes = 0, 0, 0
	}
	return all
}

func TestResumeEqualsUninterrupted(t *testing.T) {
	c := resumable(t)
	whole := fit(t, c)
	want := records(t, c.Out)
	for _, at := range []uint64{1, 4, 13, 23, 24} {
		c := resumable(t)
		part := fit(t, stopAfter(c, at))
		if part.Summary.Stopped != report.Interrupted || part.Summary.Updates != at {
			t.Fatalf("stopped after %d: %+v", at, part.Summary)
		}
		c.Resume, c.Exec.Micro = true, 5
		c.Resolved = json.RawMessage(`{"optimizer":{"sgd":{"lr":0.2}},"exec":{"micro":5}}`)
		run := fit(t, c)
		if run.Summary.Fingerprint != whole.Summary.Fingerprint {
			t.Errorf("resumed at %d: fingerprint %.8s, want %.8s", at, run.Summary.Fingerprint, whole.Summary.Fingerprint)
		}
		if !reflect.DeepEqual(run.Summary.Test, whole.Summary.Test) || !reflect.DeepEqual(run.Summary.Train, whole.Summary.Train) ||
			!reflect.DeepEqual(run.Summary.Best, whole.Summary.Best) {
			t.Errorf("resumed at %d: summary %+v, want %+v", at, run.Summary, whole.Summary)
		}
		if got := records(t, c.Out); !reflect.DeepEqual(got, want) {
			t.Errorf("resumed at %d: %d records\n%+v\nwant %d\n%+v", at, len(got), got, len(want), want)
		}
	}
}

// TestResumeAfterKill resumes from what a process leaves that was killed some
// updates after a checkpoint, in the middle of a line.
func TestResumeAfterKill(t *testing.T) {
	c := resumable(t)
	c.EarlyStop.Patience = 0 // each new best would be saved
	whole := fit(t, c)
	want := records(t, c.Out)
	killed := resumable(t)
	killed.EarlyStop.Patience = 0
	fit(t, stopAfter(killed, 18))
	os.Remove(filepath.Join(killed.Out, CheckpointsDir, checkpoint.FileName(18)))
	f, err := os.OpenFile(filepath.Join(killed.Out, report.MetricsName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"update":19,"epo`)
	f.Close()
	damage(t, filepath.Join(killed.Out, CheckpointsDir, checkpoint.FileName(14)))
	killed.Resume = true
	run := fit(t, killed)
	if run.Summary.Fingerprint != whole.Summary.Fingerprint {
		t.Errorf("fingerprint %.8s, want %.8s", run.Summary.Fingerprint, whole.Summary.Fingerprint)
	}
	if got := records(t, killed.Out); !reflect.DeepEqual(got, want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	entries, err := report.ReadJournal(killed.Out)
	if err != nil || entries[1].Kind != entryResume || entries[1].Update != 7 {
		t.Errorf("journal %v, %v; want a resume at 7", entries, err)
	}
}

// damage flips a bit in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestResumeWithoutCheckpoint(t *testing.T) {
	c := resumable(t)
	whole := fit(t, c)
	c.Resume = true
	for _, d := range []string{CheckpointsDir, report.SummaryName, ModelName} {
		os.RemoveAll(filepath.Join(c.Out, d))
	}
	if run := fit(t, c); run.Summary.Fingerprint != whole.Summary.Fingerprint {
		t.Error("a run that starts over has other bits")
	}
}

func TestResumeRefusesChanges(t *testing.T) {
	c := resumable(t)
	fit(t, stopAfter(c, 9))
	c.Resume = true
	for _, change := range []struct {
		want string
		do   func(c *Config)
	}{
		{"optimizer.sgd.lr is 0.3 (the run has 0.2)", func(c *Config) {
			c.Resolved = json.RawMessage(`{"optimizer":{"sgd":{"lr":0.3}},"exec":{"micro":"auto"}}`)
		}},
		{"clip is 1 (the run has not set)", func(c *Config) {
			c.Resolved = json.RawMessage(`{"clip":1,"optimizer":{"sgd":{"lr":0.2}}}`)
		}},
		{`batch is "8" (the run has "16")`, func(c *Config) { c.Batch = batch.Fixed(8) }},
		{`budget is "7ep"`, func(c *Config) { c.Budget = Epochs(7) }},
		{"51 examples", func(c *Config) { c.Data = blobs(t, 51, 1) }},
		{"no such run directory", func(c *Config) { c.Out += "-none" }},
		{"resume without Out", func(c *Config) { c.Out = "" }},
		{"exists (resume it", func(c *Config) { c.Resume = false }},
	} {
		changed := c
		change.do(&changed)
		if _, err := Fit(context.Background(), changed); err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("got %v, want an error with %q", err, change.want)
		}
	}
	if run := fit(t, c); run.Summary.Updates != 24 {
		t.Errorf("after refusals the run ended at update %d, want 24", run.Summary.Updates)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	c := resumable(t)
	var second error
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated && e.Position.Update == 8 {
			other := resumable(t)
			other.Out, other.Resume = c.Out, true
			_, second = Fit(context.Background(), other)
		}
		return nil
	}
	fit(t, c)
	if !errors.Is(second, checkpoint.ErrLocked) {
		t.Errorf("a second process got %v, want ErrLocked", second)
	}
}

func TestNumberedDir(t *testing.T) {
	t.Chdir(t.TempDir())
	c := small(t)
	c.Out, c.Budget = "", Updates(1)
	for _, want := range []string{"runs/small-1", "runs/small-2"} {
		if run := fit(t, c); filepath.ToSlash(run.Dir) != want {
			t.Errorf("run directory %s, want %s", run.Dir, want)
		}
	}
}
