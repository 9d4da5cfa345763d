package train

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
)

func TestSegmentLengths(t *testing.T) {
	for _, c := range []struct {
		w      SequenceWarmup
		window int
		share  float64
		want   int
	}{
		{SequenceWarmup{}, 64, 0, 0},
		{SequenceWarmup{8, 0.5}, 64, 0, 8},
		{SequenceWarmup{8, 0.5}, 64, 0.07, 8}, // 8 + 56·0.14 is below 16
		{SequenceWarmup{8, 0.5}, 64, 0.072, 16},
		{SequenceWarmup{8, 0.5}, 64, 0.215, 32},
		{SequenceWarmup{8, 0.5}, 64, 0.499, 32},
		{SequenceWarmup{8, 0.5}, 64, 0.5, 0},
		{SequenceWarmup{8, 0.5}, 64, 1, 0},
		{SequenceWarmup{3, 1}, 10, 0.99, 6}, // a last segment of 4
		{SequenceWarmup{1, 1}, 2, 0.5, 1},
	} {
		if got := c.w.at(c.window, c.share); got != c.want {
			t.Errorf("%v of windows of %d at %v: segments of %d, want %d", c.w, c.window, c.share, got, c.want)
		}
	}
}

// warming is a model to which the length of segments matters, and a run of it.
func warming(t *testing.T) Config {
	c := bigramConfig(t)
	c.Model = nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		y := c.Apply("next", nn.Embedding(5, 5), x)
		if c.Segment != nil {
			y = c.Mul(y, c.Add(c.Segment, c.Const(1)))
		}
		return nn.Dropout(0.2).Build(c, y)
	})
	c.SequenceWarmup = SequenceWarmup{From: 2, Over: 0.5}
	c.LogEvery, c.Checkpoint.Every = batch.Updates(1), batch.Updates(4)
	c.Out = filepath.Join(t.TempDir(), "run")
	return c
}

// TestSequenceWarmup: the length follows the budget, records show it, and a
// resumed run has the same bits.
func TestSequenceWarmup(t *testing.T) {
	c := warming(t)
	whole := fit(t, c)
	var lengths []int
	for _, r := range whole.History {
		s, _ := r.Values.Get("segment")
		lengths = append(lengths, int(s))
	}
	if want := append(append(slices.Repeat([]int{2}, 5), slices.Repeat([]int{4}, 10)...), slices.Repeat([]int{8}, 15)...); !slices.Equal(lengths, want) {
		t.Errorf("segments of %v, want %v", lengths, want)
	}
	want := records(t, c.Out)
	c.Out = filepath.Join(t.TempDir(), "run")
	fit(t, stopAfter(c, 6))
	c.Resume = true
	if got := fit(t, c); got.Summary.Fingerprint != whole.Summary.Fingerprint {
		t.Errorf("resumed: %s, want %s", got.Summary.Fingerprint, whole.Summary.Fingerprint)
	}
	if got := records(t, c.Out); !reflect.DeepEqual(got, want) {
		t.Errorf("records %v, want %v", got, want)
	}
	c.SequenceWarmup.Over = 0.6
	if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "sequence_warmup") {
		t.Errorf("another warm-up resumes with %v", err)
	}
}

// TestSequenceWarmupAgain: verification and explanation do the same.
func TestSequenceWarmupAgain(t *testing.T) {
	c := warming(t)
	fit(t, c)
	for _, update := range []uint64{3, 9} {
		e, err := Explain(context.Background(), c, update)
		if err != nil || e.Recorded != "same" {
			t.Fatalf("update %d: %+v, %v", update, e, err)
		}
		shares := 0.0
		for _, x := range e.Examples {
			shares += x.Share
		}
		if shares < 0.999 || shares > 1.001 {
			t.Errorf("update %d: the shares add up to %v", update, shares)
		}
	}
	if cert, err := Verify(context.Background(), c, VerifyOptions{Updates: 30}); err != nil || cert.Difference != "" {
		t.Errorf("%v, %v", cert, err)
	}
}

func TestSequenceWarmupFaults(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"want less than the window, 8":  func(c *Config) { c.SequenceWarmup.From = 8 },
		"want 1 or more, over a share":  func(c *Config) { c.SequenceWarmup.Over = 0 },
		"wants tokens x i32 (T)":        func(c *Config) { c.Data, c.Model = small(t).Data, small(t).Model },
		"has attention or positions":    func(c *Config) { c.Model = bigram() },
		"from -1 over 0.5 of the budge": func(c *Config) { c.SequenceWarmup.From = -1 },
	} {
		c := warming(t)
		change(&c)
		if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
