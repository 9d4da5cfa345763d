package tensorboard

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/descent-ml/descent/report"
)

// lines are metrics of every kind.
var lines = []report.Record{
	{Update: 300, Seconds: 2.25, Split: "train", Loss: 0.123456789, LR: 1e-3, Batch: 64, Rate: 1e6, Bytes: 123456789,
		Values: report.Values{{Name: "grad_norm", V: 2.5}, {Name: "noise_scale", V: 33}, {Name: "noise_scale.0.weight", V: 7}, {Name: "noise_high", V: math.Inf(1)}}},
	{Update: 301, Seconds: 2.5, Split: "val", Loss: 0.25, Values: report.Values{{Name: "accuracy", V: 0.875}, {Name: "rmse", V: math.NaN()}}},
}

// origin is when the run of lines began.
var origin = time.UnixMilli(1000_500)

// content is that of the only event file of a run.
func content(t *testing.T, dir string) (name string, b []byte) {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if len(found) != 1 {
		t.Fatalf("event files %v, want one", found)
	}
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(found[0]), b
}

// record writes lines to both files of a run, as training does.
func record(t *testing.T, dir string, w *Writer, lines []report.Record) {
	t.Helper()
	m, err := report.OpenMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		if err := m.Write(&lines[i]); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&lines[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestGolden: the bytes are those of TensorBoard's own writer, testdata/golden.py.
func TestGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/golden.tfevents")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w, err := Open(dir, "seed: 1\n", origin, 0)
	if err != nil {
		t.Fatal(err)
	}
	record(t, dir, w, lines)
	if name, got := content(t, dir); !bytes.Equal(got, want) || name != "events.out.tfevents.0000001000.descent" {
		t.Errorf("%s is\n%x, want\n%x", name, got, want)
	}
}

// TestAnew: a file that is made of metrics.jsonl is that which was written as
// the lines were, comes after it in the order of names, and is alone.
func TestAnew(t *testing.T) {
	dir := t.TempDir()
	w, err := Open(dir, "", origin, 0)
	if err != nil {
		t.Fatal(err)
	}
	record(t, dir, w, lines)
	before, want := content(t, dir)
	const trained = 2500 * time.Millisecond
	if w, err = Open(dir, "", origin.Add(trained), trained); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if after, got := content(t, dir); !bytes.Equal(got, want) || after <= before {
		t.Errorf("%s is\n%x\nbut %s was\n%x", after, got, before, want)
	}
}

// TestOthersStay: event files that others have put beside it are not touched.
func TestOthersStay(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"events.out.tfevents.1700000000.host.1.0", "events.out.tfevents.mine.descent"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Open(dir, "", origin, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if found, _ := filepath.Glob(filepath.Join(dir, "*tfevents*")); len(found) != 3 {
		t.Errorf("event files %v, want three", found)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	w, err := Open(t.TempDir(), "", origin, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write := func() {
		for i := range lines {
			if err := w.Write(&lines[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(2000, write); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWrite(b *testing.B) {
	w, err := Open(b.TempDir(), "", origin, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	for b.Loop() {
		if err := w.Write(&lines[0]); err != nil {
			b.Fatal(err)
		}
	}
}
