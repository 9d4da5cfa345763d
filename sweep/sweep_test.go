package sweep

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
)

// TestSweep: the best rate of each size, the updates to the target and the
// critical size of a world in which they are known.
func TestSweep(t *testing.T) {
	w := newWorld()
	r := sweepWorld(t, options(), w)
	c := r.Comparisons[0]
	for _, row := range c.Rows {
		best := w.best * math.Sqrt(float64(row.Batch))
		if off := math.Abs(math.Log2(row.LR / best)); off > 0.51 || row.Edge != Interior || row.Reached != 3 {
			t.Errorf("batch %d: rate %v, the best is %v; edge %q, %d reached the target", row.Batch, row.LR, best, row.Edge, row.Reached)
		}
		want := w.updates(row.Batch, row.LR, 1)
		if got := row.Updates.Mean; got < 0.94*want || got > 1.1*want {
			t.Errorf("batch %d: %v updates, want about %v", row.Batch, got, want)
		}
		if got, want := row.Gap.Mean, 0.9-0.95; math.Abs(got-want) > 0.01 {
			t.Errorf("batch %d: gap %v, want about %v", row.Batch, got, want)
		}
	}
	if k := c.Critical; k.Refused != "" || k.Size < 55 || k.Size > 75 || k.Low > 64 || k.High < 64 {
		t.Errorf("critical size %+v, want about 64", k)
	}
	if row := r.fastest(&c); row.Batch != 32 { // of (10 + B)(1 + 64/B)
		t.Errorf("the fastest is %d", row.Batch)
	}
	seeds := map[string]map[uint64]bool{Tuning: {}, Measure: {}}
	for _, x := range r.Trials {
		if x.Phase != Timing {
			seeds[x.Phase][x.Seed] = true
		}
		if x.Phase == Measure && (x.End == Beaten || x.End == Abandoned) {
			t.Errorf("a measured trial was given up: %+v", x)
		}
	}
	if len(seeds[Tuning]) != 1 || !seeds[Tuning][4] || len(seeds[Measure]) != 3 || seeds[Measure][4] {
		t.Errorf("seeds %v", seeds)
	}
}

// TestNotReached: a size that is too slow for the cell budget is shown as that,
// and is not in the fit.
func TestNotReached(t *testing.T) {
	o := options()
	o.CellBudget = 5 * time.Second
	r := sweepWorld(t, o, newWorld())
	c := r.Comparisons[0]
	last := c.Rows[len(c.Rows)-1]
	if last.Reached != 0 || last.Capped != 3 || last.Seeds != 3 || last.Updates.N != 0 || last.Beyond == 0 {
		t.Fatalf("all: %+v", last)
	}
	if slices.Contains(c.Critical.Sizes, 5000) || len(c.Critical.Sizes) != 4 {
		t.Errorf("fitted to %v", c.Critical.Sizes)
	}
	if text := strings.Join(r.Table(&c).Remarks, "\n"); !strings.Contains(text, "batch all: 3 of 3 seeds did not reach the target") {
		t.Errorf("remarks:\n%s", text)
	}
}

// TestBudgets: comparisons at equal budgets are by themselves, and equal time is
// as many updates as take it.
func TestBudgets(t *testing.T) {
	o := options()
	o.Batches, o.Budgets = []int{8, 32}, []batch.Span{batch.Updates(100), batch.Duration(84 * time.Millisecond)}
	w := newWorld()
	r := sweepWorld(t, o, w)
	if len(r.Comparisons) != 3 || r.Comparisons[1].Name != "100up" || r.Comparisons[2].Name != "0.084s" {
		t.Fatalf("comparisons %+v", r.Comparisons)
	}
	for i, want := range []float64{100, 100} { // the validation at or after them
		if got := r.Comparisons[1].Rows[i].Made.Mean; got < want || got > 1.06*want {
			t.Errorf("%v updates of equal updates, want %v", got, want)
		}
	}
	for i, want := range []float64{467, 200} { // of 180 and 420 µs
		if got := r.Comparisons[2].Rows[i].Made.Mean; math.Round(got) < want || got > 1.06*want {
			t.Errorf("%v updates of equal time, want %v", got, want)
		}
	}
	for _, c := range r.Comparisons[1:] {
		if c.Critical != nil || c.Rows[0].Reached != 0 || c.Rows[0].Seeds != 3 || c.Rows[0].Tried < 3 {
			t.Errorf("%s: %+v", c.Name, c.Rows[0])
		}
	}
}

// TestEqual: the three budgets that the base consumes.
func TestEqual(t *testing.T) {
	o := options()
	o.Batches, o.Equal, o.Budgets = []int{8, 32}, batch.Epochs(2), []batch.Span{batch.Epochs(2)}
	r := sweepWorld(t, o, newWorld())
	var names []string
	for _, c := range r.Comparisons {
		names = append(names, c.Name)
	}
	if want := []string{"target", "2ep", "314up", "0.132s"}; !slices.Equal(names, want) { // 2·⌈5000/32⌉ of 420 µs
		t.Errorf("comparisons %q, want %q", names, want)
	}
}

// TestResume: a sweep that is killed within any of its trials, and once within a
// line of its journal, goes on and ends with the files of one that was not; no
// trial that was over runs again.
func TestResume(t *testing.T) {
	o := options()
	o.Batches, o.Seeds = []int{8, 128}, 2
	o.Out = filepath.Join(t.TempDir(), "whole")
	whole := newWorld()
	sweepWorld(t, o, whole)
	for dies := 1; dies <= len(whole.ran); dies++ {
		p := o
		p.Out = filepath.Join(t.TempDir(), "killed")
		w := newWorld()
		w.dies = dies
		if _, err := p.sweep(t.Context(), w.run); !errors.Is(err, errKilled) {
			t.Fatalf("trial %d: %v", dies, err)
		}
		if dies%3 == 0 { // the line of the trial was half written
			tear(t, filepath.Join(p.Out, JournalName))
		}
		p.Resume = true
		sweepWorld(t, p, w)
		if want := append(slices.Clone(whole.ran[:dies]), whole.ran[dies-1:]...); !slices.Equal(w.ran, want) {
			t.Fatalf("killed in trial %d: ran %v, want %v", dies, w.ran, want)
		}
		for _, name := range []string{JournalName, TrialsName, EvaluationsName, ResultName, SettingsName} {
			if a, b := read(t, filepath.Join(o.Out, name)), read(t, filepath.Join(p.Out, name)); a != b {
				t.Errorf("killed in trial %d: %s differs", dies, name)
			}
		}
	}
}

func tear(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(read(t, path)+`{"comparison":"target","pha`), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestResumeRefused(t *testing.T) {
	o := options()
	o.Batches, o.Out, o.Origin = []int{8}, filepath.Join(t.TempDir(), "sweep"), []byte(`{"data":"a"}`)
	sweepWorld(t, o, newWorld())
	for want, change := range map[string]func(*Options){
		"exists":            func(o *Options) { o.Resume = false },
		"seeds is 5":        func(o *Options) { o.Seeds = 5 },
		`origin.data is "b`: func(o *Options) { o.Origin = []byte(`{"data":"b"}`) },
		"no such file":      func(o *Options) { o.Out += "-2" },
	} {
		p := o
		p.Resume = true
		change(&p)
		if _, err := p.sweep(t.Context(), newWorld().run); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := options().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Options){
		"no function":      func(o *Options) { o.Make = nil },
		"batch size 9000":  func(o *Options) { o.Batches = []int{9000} },
		"no batch sizes":   func(o *Options) { o.Batches = nil },
		"neither a target": func(o *Options) { o.Until.Metric = "" },
		"budget \"5%\"":    func(o *Options) { o.Budgets = []batch.Span{{N: 5, Unit: batch.Percent}} },
		"equal budgets":    func(o *Options) { o.Equal = batch.Duration(time.Second) },
		"no learning rate": func(o *Options) { o.Start = 0 },
		"rate -1":          func(o *Options) { o.Rates = []float64{-1} },
		"ratio 0.5":        func(o *Options) { o.Ratio = 0.5 },
		"which sweep":      func(o *Options) { o.Resume = true },
	} {
		o := options()
		change(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

// TestOutward: each size begins with the rate of the neighbour nearer to the base.
func TestOutward(t *testing.T) {
	o := options().withDefaults()
	sizes, after := o.outward()
	if !slices.Equal(sizes, []int{32, 128, 512, 5000, 8}) || !slices.Equal(after, []int{-1, 0, 1, 2, 0}) {
		t.Errorf("%v after %v", sizes, after)
	}
}

// TestEstimate: what is told to be left is never more than the most, and nothing
// in the end; near the end it is what is left.
func TestEstimate(t *testing.T) {
	for _, parallel := range []int{1, 2} {
		o, w := options(), newWorld()
		o.Parallel, o.Batches = parallel, []int{8, 32, 128}
		var events []Event
		o.OnEvent = func(e Event) {
			if e.Kind == Planned || e.Kind == Ended && e.Trial.Phase != Timing {
				events = append(events, e)
			}
		}
		if parallel > 1 {
			w.lock = new(sync.Mutex)
		}
		sweepWorld(t, o, w)
		first, last := events[0], events[len(events)-1]
		if first.Kind != Planned || first.Done != 0 || first.Of != 3*(4+3) || first.Left > first.Most || first.Most < 20*200*time.Second/time.Duration(parallel) {
			t.Errorf("%d at a time: planned %+v", parallel, first)
		}
		if last.Done != last.Of || last.Left != 0 || last.Most != 0 {
			t.Errorf("%d at a time: the last is %+v", parallel, last)
		}
	}
}

// TestLeaders: sizes whose intervals overlap that of the best are named with it.
func TestLeaders(t *testing.T) {
	interval := func(row *Row) Interval { return row.Best }
	c := Comparison{Rows: []Row{{Batch: 4, Best: Interval{3, 2, 1, 3}}, {Batch: 8, Best: Interval{3, 4, 2.5, 6}}, {Batch: 16, Best: Interval{3, 9, 8, 10}}}}
	var r Result
	if names, note := r.leaders(&c, &c.Rows[0], interval); names != "4, 8" || !strings.Contains(note, "at 4; the sizes are not told apart") {
		t.Errorf("%s: %s", names, note)
	}
	if names, note := r.leaders(&c, &c.Rows[2], interval); names != "16" || strings.Contains(note, ";") {
		t.Errorf("%s: %s", names, note)
	}
	c.Rows[0].Best.N = 1
	if names, note := r.leaders(&c, &c.Rows[0], interval); names != "4" || !strings.Contains(note, "one seed") {
		t.Errorf("%s: %s", names, note)
	}
}

// TestFirstUpdateIsNotFinite: what no rate can train on is named as the cause, not
// the budgets that no time of an update was found for.
func TestFirstUpdateIsNotFinite(t *testing.T) {
	o := options()
	o.Equal = batch.Epochs(1)
	_, err := o.sweep(t.Context(), func(_ context.Context, x *spec) (*Trial, error) {
		return &Trial{Phase: x.phase, Batch: x.batch, LR: x.lr, End: Diverged, Error: "the loss is NaN"}, nil
	})
	if err == nil || !strings.Contains(err.Error(), "batch 8: the very first update is not finite") || !strings.Contains(err.Error(), "the loss is NaN") {
		t.Error(err)
	}
}
