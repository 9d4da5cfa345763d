package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestEditedData: eval says if the table is not what the run was trained on,
// and --resume refuses it.
func TestEditedData(t *testing.T) {
	dir := t.TempDir()
	text := people(90)
	data, out := write(t, dir, "people.csv", text), filepath.Join(dir, "run")
	mustCall(t, "train", "--data", data, "--target", "income", "--out", out, "--set", "budget=2ep", "--quiet")
	if _, stderr := mustCall(t, "eval", out); strings.Contains(stderr, "changed") {
		t.Errorf("eval of the same data says %q", stderr)
	}
	lines := strings.SplitAfter(text, "\n")
	for i := range 3 {
		lines[5+i] = "44,cook,high\n"
	}
	write(t, dir, "people.csv", strings.Join(lines, ""))
	if _, stderr := mustCall(t, "eval", out); strings.Count(stderr, "the data has changed since") != 1 {
		t.Errorf("eval of an edited table says %q", stderr)
	}
	if code, _, stderr := call("train", "--resume", out, "--quiet"); code == 0 || !strings.Contains(stderr, "digest") {
		t.Errorf("resumed on an edited table: exit code %d, %q", code, stderr)
	}
}
