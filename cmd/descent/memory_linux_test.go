package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	icpu "github.com/descent-ml/descent/internal/cpu"
)

// skipPlain skips a test of the memory plan where the plain kernels run: they
// copy operands, which the plan does not count, and under the race detector.
func skipPlain(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	if isa, err := icpu.Active(); err != nil || isa == icpu.PureGo {
		t.Skip("the memory plan is for the assembly kernels")
	}
}

// TestPredictedPeak: what a run says it will take is within 5 % of what it
// takes: on a small net, wide ones, a table, batch norm over one large batch
// with and without recomputation, and images if they are there.
func TestPredictedPeak(t *testing.T) {
	skipPlain(t)
	dir := t.TempDir()
	table := filepath.Join(dir, "table.csv")
	var rows strings.Builder
	rows.WriteString("a,b,c,kind,y\n")
	for i := range 20000 {
		fmt.Fprintf(&rows, "%d,%d.5,%d,%s,%d\n", i%97, i%13, i%7, []string{"red", "green", "blue"}[i%3], i%2)
	}
	if err := os.WriteFile(table, []byte(rows.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	images := "../../../shared/data/mnist"
	for _, m := range []struct{ name, yaml string }{
		{"digits", "data: {train: 'embedded:digits', split: {test: 20%}}\nbudget: 10ep"},
		{"wide", "data: {train: 'embedded:digits', split: {val: 20%}}\nmodel: [{dense: 1024}, relu, {dense: 1024}, relu, {dense: auto}]\noptimizer: adamw\nbatch: 256\nbudget: 3up"},
		{"table", "data: {train: '" + table + "', target: y, split: {val: 20%}}\nmodel: [{dense: 256}, relu, {dense: auto}]\nbatch: 512\nbudget: 1ep"},
		{"batch norm", wideNet},
		{"batch norm, limited", wideNet + "exec: {memory: 64MiB}"},
		{"early stop", "data: {train: 'embedded:digits', split: {val: 20%}}\nmodel: [{dense: 2048}, batchnorm, relu, {dense: 512}, relu, {dense: auto}]\nearly_stop: {patience: 5}\nvalidate: {every: 2up}\nbatch: 64\nbudget: 6up"},
		{"images", "data: {train: '" + images + "'}\nmodel: [{dense: 256}, batchnorm, relu, {dense: auto}]\nbatch: 4096\nbudget: 5up"},
	} {
		t.Run(m.name, func(t *testing.T) {
			if _, err := os.Stat(images); m.name == "images" && err != nil {
				t.Skipf("no images in %s", images)
			}
			file := filepath.Join(dir, strings.ReplaceAll(m.name, " ", "-")+".yaml")
			if err := os.WriteFile(file, []byte(m.yaml), 0o644); err != nil {
				t.Fatal(err)
			}
			s := trainChild(t, "", "train", file, "--out", file+".run")
			off := float64(s.PlannedBytes)/float64(s.PeakBytes) - 1
			t.Logf("planned %.1f MiB, took %.1f MiB: %+.1f %%", float64(s.PlannedBytes)/(1<<20), float64(s.PeakBytes)/(1<<20), 100*off)
			if s.FileBytes <= 0 || s.FileBytes >= s.PeakBytes {
				t.Errorf("%d bytes of files in %d", s.FileBytes, s.PeakBytes)
			}
			if math.Abs(off) > 0.05 {
				t.Error("want 5 %")
			}
		})
	}
}
