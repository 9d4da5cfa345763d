package main

import (
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/digits"
)

// digitFiles writes the first digits as PNG files, some in a folder, with a file that is no
// image between them, and a hidden one.
func digitFiles(t *testing.T, n int) (dir string) {
	t.Helper()
	m, s, err := digits.Load()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "deeper"), 0o755); err != nil {
		t.Fatal(err)
	}
	buf := dataset.NewBuffers(m.Fields(), 1)
	for i := range n {
		if err := m.Gather(buf, 0, []int{i}); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, []string{"", "deeper"}[i%2], fmt.Sprintf("%04d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, s.Image.Picture(buf[0].F32())); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	write(t, dir, ".hidden.png", "")
	write(t, dir, "notes.txt", "no image")
	return dir
}

// TestPredictImages: files, folders and patterns get the digits of predictions for the data
// that the files were made of, in any format; what is no image stops it or is left
// out.
func TestPredictImages(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	mustCall(t, "train", "digits", "--out", run, "--quiet", "--set", "budget=1ep")
	const n = 300 // more than are predicted for at once
	dir := digitFiles(t, n)
	known, _ := mustCall(t, "predict", run, "--data", "embedded:digits")
	want := strings.Split(known, "\n")[1:]
	rows := func(stdout string) map[string]string { return rowsOf(t, stdout) }

	stdout, stderr := mustCall(t, "predict", run, dir)
	got := rows(stdout)
	if len(got) != n || stderr != "" {
		t.Fatalf("%d rows, %s", len(got), stderr)
	}
	for i := range n {
		class, probabilities, _ := strings.Cut(want[i], ",")
		row := got[fmt.Sprintf("%04d.png", i)]
		if !strings.HasPrefix(row, class+",") || !strings.HasSuffix(row, ","+probabilities) {
			t.Fatalf("image %d: %s, want %s", i, row, want[i])
		}
	}
	one := filepath.Join(dir, "0000.png")
	stdout, _ = mustCall(t, "predict", run, one, filepath.Join(dir, "deeper", "000*.png"))
	if some := rows(stdout); len(some) != 6 || some["0000.png"] != got["0000.png"] || some["0009.png"] != got["0009.png"] {
		t.Errorf("a file and a pattern: %v", some)
	}
	stdout, _ = mustCall(t, "predict", run, "--data", dir, "--format", "jsonl")
	var first struct {
		File, Class string
		Probability float64
	}
	if err := json.Unmarshal([]byte(strings.Split(stdout, "\n")[0]), &first); err != nil || first.File != one || !strings.HasPrefix(got["0000.png"], fmt.Sprintf("%s,%.7g,", first.Class, first.Probability)) {
		t.Errorf("%+v, %v", first, err)
	}
	stdout, _ = mustCall(t, "predict", run, one, "--format", "table")
	if lines := strings.Split(stdout, "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], one+"  "+first.Class+" ") {
		t.Errorf("a table\n%s", stdout)
	}

	bad := write(t, dir, "bad.png", "hello")
	code, _, stderr := call("predict", run, dir)
	if code != exitFailed || !strings.Contains(stderr, bad) || !strings.Contains(stderr, `begins with "hello"`) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	write(t, dir, ".hidden.png", "hello")
	if stdout, _ = mustCall(t, "predict", run, filepath.Join(dir, "*.png"), "--corrupt", "skip"); strings.Contains(stdout, "hidden") {
		t.Errorf("a hidden file\n%s", stdout)
	}
	stdout, stderr = mustCall(t, "predict", run, dir, "--corrupt", "skip")
	if left := rows(stdout); len(left) != n || left["0000.png"] != got["0000.png"] || !strings.Contains(stderr, "left out: "+bad) || !strings.Contains(stderr, "1 of 301 files") {
		t.Errorf("%d rows, %s", len(left), stderr)
	}
	for want, args := range map[string][]string{
		"nothing matches it":      {run, "nowhere*"},
		"has no images":           {run, t.TempDir()},
		"none of the files":       {run, bad, "--corrupt", "skip"},
		"exclude each other":      {run, one, "--data", dir},
		"--corrupt \"maybe\"":     {run, one, "--corrupt", "maybe"},
		"--format table is for f": {run, "--data", "embedded:digits", "--format", "table"},
	} {
		if code, _, stderr := call(append([]string{"predict"}, args...)...); code == exitDone || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

// rowsOf returns the rows of CSV behind the names of files without their folders.
func rowsOf(t *testing.T, stdout string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if !strings.HasPrefix(lines[0], "file,class,probability,p(0),p(1),") {
		t.Fatalf("begins with %s", lines[0])
	}
	for _, line := range lines[1:] {
		file, row, _ := strings.Cut(line, ",")
		rows[filepath.Base(file)] = row
	}
	return rows
}
