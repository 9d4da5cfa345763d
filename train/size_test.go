package train

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// stairs doubles the size every few updates and begins anew, by what it remembers.
type stairs struct{ start, most, every int }

func (s stairs) Max(int) int    { return s.most }
func (s stairs) String() string { return fmt.Sprintf("stairs %v", [3]int{s.start, s.most, s.every}) }
func (s stairs) Next(x batch.State, p batch.Progress) (batch.State, string) {
	switch {
	case x.Size == 0:
		return batch.State{Size: s.start, Since: p.Update}, ""
	case p.Update-x.Since < uint64(s.every):
		return x, ""
	case 2*x.Size > s.most:
		return batch.State{Size: s.start, Since: p.Update}, "at the top"
	}
	return batch.State{Size: 2 * x.Size, Since: p.Update}, "a step"
}

// sizes runs a configuration and returns the size of each batch.
func sizes(t *testing.T, c Config) (all []int, run *Run) {
	t.Helper()
	then := c.OnEvent
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated {
			all = append(all, e.Batch)
		}
		if then != nil {
			return then(e)
		}
		return nil
	}
	return all, fit(t, c)
}

// TestSizesAtTheEndOfAnEpoch: what is left of an epoch is a shorter batch; none if
// it is to be left out, judged by the size that comes, or if batch norm would have
// a single value.
func TestSizesAtTheEndOfAnEpoch(t *testing.T) {
	for _, c := range []struct {
		name   string
		p      batch.Policy
		drop   bool
		norm   bool
		epochs float64
		want   []int
	}{
		{"kept", stairs{8, 32, 1}, false, false, 2, []int{8, 16, 26, 8, 16, 26}},
		{"dropped", stairs{8, 32, 1}, true, false, 2, []int{8, 16, 32, 8}}, // 26 are left, and 32 wanted; 10, and 16
		{"dropped, shrinking", stairs{8, 16, 1}, true, false, 1, []int{8, 16, 8, 16}},
		{"one alone", stairs{7, 14, 1}, false, true, 2, []int{7, 14, 7, 14, 7, 14, 7, 14, 7, 8}},
		{"one", stairs{7, 14, 1}, false, false, 1, []int{7, 14, 7, 14, 7, 1}},
	} {
		x := small(t)
		x.Batch, x.DropLast, x.Budget, x.Val, x.Test = c.p, c.drop, Epochs(c.epochs), nil, nil
		if c.norm {
			x.Model = nn.Sequential(nn.Dense(4), nn.BatchNorm(), nn.Dense(3))
		}
		if got, _ := sizes(t, x); !slices.Equal(got, c.want) {
			t.Errorf("%s: batches %v, want %v", c.name, got, c.want)
		}
	}
}

// TestSizesAreSaved: a run resumed between any two updates has the sizes, the
// decisions and the bits of one that was not stopped, with a coupling that
// remembers all sizes before.
func TestSizesAreSaved(t *testing.T) {
	begin := func() Config {
		c := resumable(t)
		c.Batch, c.Budget = stairs{4, 32, 3}, Epochs(4)
		c.Optimizer = c.Optimizer.WithCoupling(optim.AdamSDE().WithDecay(), 8)
		return c
	}
	c := begin()
	want, whole := sizes(t, c)
	changes := changesOf(t, c.Out)
	if len(changes) < 5 {
		t.Fatalf("changes %v of %v", changes, want)
	}
	for at := uint64(1); at < uint64(len(want)); at += 2 {
		c := begin()
		got, _ := sizes(t, stopAfter(c, at))
		c.Resume = true
		more, run := sizes(t, c)
		if got = append(got, more...); !slices.Equal(got, want) || run.Summary.Fingerprint != whole.Summary.Fingerprint {
			t.Errorf("resumed at %d: batches %v, want %v; fingerprint %.8s, want %.8s", at, got, want, run.Summary.Fingerprint, whole.Summary.Fingerprint)
		}
		if got := changesOf(t, c.Out); !slices.Equal(got, changes) {
			t.Errorf("resumed at %d: journal %v, want %v", at, got, changes)
		}
	}
	c.Resume, c.Batch = true, stairs{4, 32, 4}
	if _, err := Fit(t.Context(), c); err == nil || !strings.Contains(err.Error(), "batch") {
		t.Errorf("another policy: %v", err)
	}
}

// TestCoupledRate: the rate follows the size asked for, not what an epoch has left;
// of no base it is that of the first size.
func TestCoupledRate(t *testing.T) {
	for _, c := range []struct {
		by   optim.Coupling
		base int
		want []float64
	}{
		{optim.None(), 0, []float64{1, 1, 1, 1}},
		{optim.LinearRate(), 0, []float64{1, 2, 4, 1}},
		{optim.LinearRate(), 16, []float64{0.5, 1, 2, 0.5}},
		{optim.SquareRoot(), 2, []float64{2, math.Sqrt(8), 4, 2}},
		{optim.AdaScale(), 16, []float64{0.5, 1, 1, 0.5}}, // nothing is measured
	} {
		x := small(t)
		x.Batch, x.Budget, x.Optimizer = stairs{8, 32, 1}, batch.Updates(4), optim.SGD(0.1).WithCoupling(c.by, c.base)
		x.Noise.Every = batch.Updates(100)
		var rates []float64
		x.OnEvent = func(e *Event) error {
			if e.Kind == Updated && len(rates) < 4 {
				rates = append(rates, e.LR/0.1)
			}
			return nil
		}
		run := fit(t, x)
		for i, want := range c.want {
			if abs(rates[i]-want) > 1e-12 {
				t.Errorf("%v of %d: rates %v, want %v", c.by, c.base, rates, c.want)
				break
			}
		}
		// AdaScale counts iterations of the base: 3 of 4 are done by four updates.
		if updates := run.Summary.Updates; updates != 4 && c.by != optim.AdaScale() || updates < 4 {
			t.Errorf("%v: %d updates", c.by, updates)
		}
	}
}

// changesOf are the changes of the size in a journal, without the gains that were
// predicted of them, which hang on the clock.
func changesOf(t *testing.T, dir string) (all []string) {
	t.Helper()
	journal, err := report.ReadJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range journal {
		if e.Kind == entryBatch {
			text, _, _ := strings.Cut(e.Text, "; predicted")
			all = append(all, fmt.Sprint(e.Update, " ", e.Value, " ", text))
		}
	}
	return all
}

// fickle is a policy of which nobody can tell what it will do: what a clock
// decides looks like that.
type fickle struct{ calls *int }

func (fickle) Max(int) int      { return 24 }
func (fickle) String() string   { return "fickle" }
func (fickle) NeedsClock() bool { return true }
func (f fickle) Next(s batch.State, p batch.Progress) (batch.State, string) {
	*f.calls++
	switch {
	case s.Size == 0:
		return batch.State{Size: 8}, ""
	case *f.calls%3 > 0:
		return s, ""
	}
	return batch.State{Size: 1 + *f.calls*7%24, Since: p.Update}, "a mood"
}

// TestReplayOfSizes: sizes that nothing but the journal tells are repeated, whatever
// the execution, and by a run that is stopped in between and resumed.
func TestReplayOfSizes(t *testing.T) {
	c := resumable(t)
	c.Engine, c.Batch, c.Data, c.Order = nil, fickle{new(int)}, blobs(t, 200, 1), dataset.Shuffled(200, 9)
	want, first := sizes(t, c)
	journal, err := report.ReadJournal(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	*c.Batch.(fickle).calls = 1 // in another mood
	c.Replay, c.Exec, c.Out = journal, Exec{Threads: 2, Micro: 5}, filepath.Join(t.TempDir(), "again")
	got, _ := sizes(t, stopAfter(c, 40))
	c.Resume = true
	more, run := sizes(t, c)
	if got = append(got, more...); !slices.Equal(got, want) || run.Summary.Fingerprint != first.Summary.Fingerprint {
		t.Errorf("batches %v, want %v", got, want)
	}
	if a, b := changesOf(t, first.Dir), changesOf(t, c.Out); !slices.Equal(a, b) {
		t.Errorf("journal %v, want %v", b, a)
	}
	c.Out, c.Resume, c.Replay = first.Dir, false, nil
	if cert, err := Verify(t.Context(), c, VerifyOptions{Updates: 60}); err != nil || cert.Difference != "" || cert.Updates != 60 {
		t.Errorf("verified: %v, %v", cert, err)
	}
	if e, err := Explain(t.Context(), c, 50); err != nil || e.Recorded != "same" || e.Batch != want[49] {
		t.Errorf("explained: %+v, %v", e, err)
	}
}

// watcher keeps what a policy is told.
type watcher struct{ seen *[]batch.Progress }

func (watcher) Max(int) int    { return 10 }
func (watcher) String() string { return "watcher" }
func (w watcher) Next(s batch.State, p batch.Progress) (batch.State, string) {
	if len(*w.seen) > int(p.Update) {
		*w.seen = (*w.seen)[:p.Update] // it may be asked again
	}
	*w.seen = append(*w.seen, p)
	return batch.State{Size: 10}, ""
}

// TestWhatPoliciesKnow: the decay is relative to the peak that a warm-up rises to.
func TestWhatPoliciesKnow(t *testing.T) {
	c := small(t)
	w := watcher{new([]batch.Progress)}
	c.Batch, c.Budget = w, Epochs(4) // of 5 updates
	c.Optimizer = optim.SGD(0.5).WithSchedule(optim.WarmUp(0.25, optim.Linear(0.2)))
	fit(t, c)
	if n := len(*w.seen); n != 20 {
		t.Fatalf("asked before %d updates, want each of 20", n)
	}
	for i, p := range *w.seen {
		rate, decay := 0.0, 1.0
		if i > 0 {
			rate = 0.5 * min(1, float64(i)/5)
		}
		if i > 5 {
			rate = 0.5 * (1 - 0.8*float64(i-6)/15)
		}
		if i >= 5 {
			decay = 1 - 0.8*float64(i-5)/15
		}
		if p.Update != uint64(i) || p.Examples != uint64(10*i) || p.Data != 50 || abs(p.Rate-rate) > 1e-9 || abs(p.Decay-decay) > 1e-9 || (p.Loss > 0) != (i > 0) {
			t.Errorf("before update %d: %+v, want rate %v and decay %v", i+1, p, rate, decay)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

// TestExecutionOfSizes: a preview says where sizes begin, how large they may get,
// and what that does to the rate.
func TestExecutionOfSizes(t *testing.T) {
	for _, c := range []struct {
		p    batch.Policy
		by   optim.Coupling
		base int
		want string
	}{
		{batch.Fixed(16), optim.None(), 0, "batch 16"},
		{batch.Fixed(16), optim.SquareRoot(), 4, "batch 16, the rate coupled by sqrt to a base of 4"},
		{batch.NoiseScale{Bounds: batch.Bounds{Start: 8}}, optim.AdaScale(), 0, "batch 8 at first, at most 200 (noise_scale), the rate coupled by adascale to a base of 8"},
		{batch.NormTest{Bounds: batch.Bounds{Start: 8}, Theta: 0.5}, optim.None(), 0, "batch 8 at first, at most 200 (norm_test)"},
		{stairs{4, 32, 3}, optim.None(), 0, "batch 4 at first, at most 32 (stairs [4 32 3])"},
	} {
		x := small(t)
		x.Data, x.Batch, x.Optimizer = blobs(t, 2000, 1), c.p, optim.SGD(0.1).WithCoupling(c.by, c.base)
		v, err := PreviewOf(x)
		if err != nil || v.Execution != c.want {
			t.Errorf("%v: %q, %v, want %q", c.p, v.Execution, err, c.want)
		}
	}
}
