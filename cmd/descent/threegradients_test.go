package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/thesis"
)

// TestThreeGradients: the folder has the page with the picture in it, and flags
// that would change something are refused.
func TestThreeGradients(t *testing.T) {
	r, err := thesis.Measure(context.Background(), thesis.Options{Target: 1, Sizes: []int{16, 128, thesis.All}, Seeds: 1, Grid: 8})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "a", "b")
	if err := writeThesis(out, r); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(filepath.Join(out, reportName))
	if err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(out, "three-gradients.svg"))
	if err != nil || !strings.Contains(string(html), string(svg)) {
		t.Errorf("the picture is not in the page: %v", err)
	}
	for _, args := range [][]string{{"--set", "batch=2"}, {"--data", "x.csv"}, {"--folds", "2"}, {"--out", out}} {
		if code, _, stderr := call(append([]string{"train", "three-gradients"}, args...)...); code != exitUsage {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	if code, _, stderr := call("advise", "three-gradients"); code != exitUsage || !strings.Contains(stderr, "run it by itself") {
		t.Errorf("advise: exit code %d, %s", code, stderr)
	}
	if _, stderr := mustCall(t, "train"); !strings.Contains(stderr, "  three-gradients ") {
		t.Errorf("it is not in the list:\n%s", stderr)
	}
}

func TestWrapped(t *testing.T) {
	if got := wrapped("- one two three", 7, "  "); got != "- one\n  two\n  three" {
		t.Errorf("got %q", got)
	}
}
