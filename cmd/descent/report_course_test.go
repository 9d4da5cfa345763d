package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// recorded are records of training and of validations between them, of a run
// whose batches have size examples, but for the last one of each epoch.
func recorded(n, size int, also func(i int, r *report.Record)) (records []report.Record) {
	for i := 1; i <= n; i++ {
		r := report.Record{Update: uint64(10 * i), Examples: uint64(640 * i), Split: "train", Loss: 1 / float64(i), LR: 0.01, Batch: size, Rate: 1000, Bytes: 64 << 20}
		if i%5 == 0 {
			r.Batch = 3
		}
		also(i, &r)
		records = append(records, r, report.Record{Update: r.Update, Split: "val", Loss: 2})
	}
	return records
}

func courseText(t *testing.T, records []report.Record, entries []report.Entry, s report.Summary) string {
	t.Helper()
	var b bytes.Buffer
	p := page.Page{Sections: course(records, entries, &s)}
	if err := p.Render(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "<body>")
	return body
}

// TestCourseOfWhatStays: what did not change is told in sentences.
func TestCourseOfWhatStays(t *testing.T) {
	text := courseText(t, recorded(10, 64, func(int, *report.Record) {}), nil, report.Summary{Seconds: 1, ExamplesPerSecond: 1500, PlannedBytes: 80 << 20})
	for _, want := range []string{"learning rate was 0.01 throughout", "A batch had 64 examples throughout", "1.50k examples a second", "held 64.0 MiB of the 80.0 MiB"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "<svg") {
		t.Error("there is a chart")
	}
}

// TestCourseOfWhatChanges: what did change is drawn: the noise scale with its band
// and the size of the batches, whose changes are listed with what came of them.
func TestCourseOfWhatChanges(t *testing.T) {
	records := recorded(10, 16, func(i int, r *report.Record) {
		r.LR, r.Rate, r.Bytes = r.LR/float64(i), r.Rate*float64(i), r.Bytes*int64(i)
		scale := report.Value{Name: "noise_scale", V: float64(10 * i)}
		if i == 3 {
			scale.V = math.NaN()
		}
		r.Values = report.Values{scale, {Name: "noise_low", V: float64(5 * i)}, {Name: "noise_high", V: math.NaN()}}
	})
	entries := []report.Entry{{Kind: "start"}, {Update: 30, Kind: "batch", Value: 64, Text: "from 16: the noise scale is 55; predicted: 1.5 times the goodput", Predicted: 1.5}, {Update: 42, Kind: "effect", Value: 0.75},
		{Update: 42, Kind: "undo", Value: 16, Text: "from 64: the change before did not pay"}}
	text := courseText(t, records, entries, report.Summary{Seconds: 10, PlannedBytes: 1 << 30})
	for _, want := range []string{"Learning rate<", "Noise scale, with its 95 % interval, and batch size", "opacity=\".18\"", "Examples a second", ">planned<", "the noise scale is 55<", ">1.50<", ">0.75, undone<"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	sizes := batchSizes(changesOf(entries), records)
	if got, want := fmt.Sprint(sizes.X, sizes.Y), "[0 30 42 100] [16 64 16 16]"; got != want {
		t.Errorf("sizes %s, want %s", got, want)
	}
	if n := noiseOf(records); !math.IsNaN(n.Y[2]) || !math.IsInf(n.Hi[0], 1) {
		t.Errorf("noise %v up to %v, want a gap, and open intervals", n.Y, n.Hi)
	}
}

// TestCourseOfNothing: a run that ended before its first record has a report too.
func TestCourseOfNothing(t *testing.T) {
	if got := course(nil, nil, &report.Summary{}); got != nil {
		t.Errorf("%+v", got)
	}
}
