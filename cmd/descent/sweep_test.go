package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSweep: a sweep of an example that has no data to validate on, with its
// files; resumed, it runs nothing again.
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	table := write(t, t.TempDir(), "people.csv", people(300))
	code, stdout, stderr := call("sweep", "--data", table, "--target", "income", "--set", "data.split.val=0", "--set", "data.split.test=0", "--set", "early_stop.patience=off", "--set", "model=[{dense: auto}]",
		"--batch", "8,all", "--lr", "0.05", "--seeds", "2", "--until", "val.accuracy>=0.7", "--budget", "2ep", "--out", dir)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	for _, want := range []string{"Up to val.accuracy>=0.7", "At equal 2ep", "2 of 2", "wants three"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	for _, want := range []string{"a tenth of the training data is set aside", "8 of 8"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	before := map[string]string{}
	for _, name := range []string{"trials.jsonl", "trials.csv", "evaluations.csv", "summary.json", "report.html", "config.yaml", "sweep.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		before[name] = string(b)
	}
	stdout, _ = mustCall(t, "sweep", "--resume", dir, "--json", "--set", "exec.threads=1")
	var r struct {
		Comparisons []struct {
			Name  string
			Sizes []struct{ Reached, Seeds int }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || len(r.Comparisons) != 2 || r.Comparisons[0].Sizes[1].Seeds != 2 {
		t.Errorf("%v\n%s", err, stdout)
	}
	for name, text := range before {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != text {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	if code, _, stderr := call("sweep", "--resume", dir, "--set", "optimizer.adamw.weight_decay=0.5"); code != 1 || !strings.Contains(stderr, "weight_decay is 0.5") {
		t.Errorf("another configuration: exit code %d, %s", code, stderr)
	}
}

func TestSweepRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"sweep what":             {"--batch", "8"},
		"--batch is missing":     {"digits", "--until", "val.loss<=1"},
		`got "x"`:                {"digits", "--batch", "8,x", "--until", "val.loss<=1"},
		"neither a target":       {"digits", "--batch", "8"},
		"want val.loss<=1":       {"digits", "--batch", "8", "--until", "val.loss>=1"},
		"want 1 or more":         {"digits", "--batch", "8", "--until", "val.loss<=1", "--seeds", "0"},
		"not measured":           {"digits", "--batch", "8", "--until", "val.rmse<=1"},
		"no unit":                {"digits", "--batch", "8", "--budget", "5"},
		"batch size 9000":        {"digits", "--batch", "9000", "--until", "val.loss<=1"},
		"want numbers above 0":   {"digits", "--batch", "8", "--until", "val.loss<=1", "--lr", "0.1,-2"},
		"there is no sweep.json": {"--resume", "nowhere"},
		"takes all of the sweep": {"--resume", "nowhere", "--batch", "8"},
	} {
		if code, _, stderr := call(append([]string{"sweep"}, args...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %s; want %q", args, code, stderr, want)
		}
	}
}
