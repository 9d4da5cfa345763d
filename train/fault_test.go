package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// normalized is small with batch norm, on the CPU, in order.
func normalized(t testing.TB) Config {
	c := small(t)
	c.Model = nn.Sequential(nn.Dense(8), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.2), nn.Dense(8), nn.BatchNorm().Group(4), nn.Dense(3))
	c.Engine, c.Order, c.Out = nil, dataset.Sequential, filepath.Join(t.TempDir(), "run")
	c.Checkpoint.Every = batch.Updates(5)
	return c
}

// states returns what a run holds after each update, without its counters.
func states(c *Config) *[]string {
	var prints []string
	c.OnEvent = func(e *Event) error {
		if e.Kind != Updated {
			return nil
		}
		s, err := e.run.state()
		if err != nil {
			return err
		}
		s.Update, s.Examples, s.Epoch = 0, 0, 0
		prints = append(prints, checkpoint.Fingerprint(s).String())
		return nil
	}
	return &prints
}

func journalOf(t *testing.T, run *Run, kind string) (found []report.Entry) {
	t.Helper()
	entries, err := report.ReadJournal(run.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

func TestFaultIsSkipped(t *testing.T) {
	c := normalized(t)
	c.Data, c.Faults.Policy, c.Budget = poisoned{c.Data}, Skip, Updates(7)
	prints := states(&c)
	run := fit(t, c)
	entries := journalOf(t, run, entryFault) // example 21 is in the second of 4 updates of an epoch
	if run.Summary.Faults != 2 || len(entries) != 2 || entries[0].Update != 2 || entries[1].Update != 6 || !slices.Contains(entries[0].Examples, 21) || len(entries[0].Examples) != 16 {
		t.Fatalf("summary %+v, journal %+v", run.Summary, entries)
	}
	if p := *prints; len(p) != 7 || p[0] != p[1] || p[1] == p[2] || p[4] != p[5] || p[5] == p[6] {
		t.Errorf("states %q: want the second and the sixth update to change nothing", p)
	}
	for name, x := range run.Params {
		for _, v := range x.F32() {
			if v-v != 0 {
				t.Fatalf("%s has %v", name, v)
			}
		}
	}
}

// flaky fails or panics at some readings of an example: not at the first, which
// is for the digest of the data, but at so many that follow.
type flaky struct {
	dataset.Dataset
	reads *atomic.Int32
	fails int32
	panic bool
}

func (f flaky) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if slices.Contains(indices, 21) {
		if n := f.reads.Add(1); n < 2 || n >= 2+f.fails {
			return f.Dataset.Gather(dst, row, indices)
		}
		if f.panic {
			panic("the disk is gone")
		}
		return errors.New("the disk is gone")
	}
	return f.Dataset.Gather(dst, row, indices)
}

func TestFaultIsTriedAgain(t *testing.T) {
	want := fit(t, normalized(t)).Summary.Fingerprint
	for _, panics := range []bool{false, true} {
		c := normalized(t)
		c.Data, c.Faults.Policy = flaky{c.Data, new(atomic.Int32), 3, panics}, Retry
		run := fit(t, c)
		if run.Summary.Fingerprint != want || run.Summary.Faults != 0 || len(journalOf(t, run, entryFault)) != 3 {
			t.Errorf("panic %v: summary %+v, want fingerprint %.8s", panics, run.Summary, want)
		}
		c = normalized(t)
		c.Data, c.Faults = flaky{c.Data, new(atomic.Int32), 100, panics}, Faults{Policy: Retry, Limit: 4}
		if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "the disk is gone") || !strings.Contains(err.Error(), "fault 5 in a row") {
			t.Errorf("panic %v: got %v, want the cause and the limit", panics, err)
		}
	}
}

// TestOutsideFaultReplays: an error that made a run pass over an update is not
// seen again; the replay follows the journal to the same bits.
func TestOutsideFaultReplays(t *testing.T) {
	c := normalized(t)
	clean := c.Data
	c.Data, c.Faults.Policy = flaky{c.Data, new(atomic.Int32), 1, true}, Skip
	run := fit(t, c)
	entries, err := report.ReadJournal(run.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(journalOf(t, run, entryPass)); run.Summary.Faults != 1 || n != 1 {
		t.Fatalf("%d faults, %d entries, want 1", run.Summary.Faults, n)
	}
	again := normalized(t)
	again.Data, again.Faults, again.Replay = clean, c.Faults, entries
	if got := fit(t, again).Summary; got.Fingerprint != run.Summary.Fingerprint || got.Faults != 1 {
		t.Errorf("replay: %+v, want fingerprint %.8s", got, run.Summary.Fingerprint)
	}
}

func TestComputedFaultIsNotTriedAgain(t *testing.T) {
	c := normalized(t)
	c.Data, c.Faults.Policy = poisoned{c.Data}, Retry
	_, err := Fit(context.Background(), c)
	var bad *NonFiniteError
	if !errors.As(err, &bad) || bad.Update != 2 || !strings.Contains(err.Error(), "would give the same") {
		t.Errorf("got %v", err)
	}
}

// heavy is a run whose losses go up and down.
func heavy(t testing.TB) Config {
	c := normalized(t)
	c.Optimizer = optim.SGD(3)
	c.Budget = Updates(40)
	return c
}

func TestSpike(t *testing.T) {
	c := heavy(t)
	c.Faults.Spike = 1.0001
	_, err := Fit(context.Background(), c)
	var spike *SpikeError
	if !errors.As(err, &spike) || spike.Update <= typicalFrom || !(spike.Loss > spike.Typical) || len(spike.Examples) == 0 {
		t.Fatalf("got %v, want a spike after update %d", err, typicalFrom)
	}
	c = heavy(t)
	c.Faults = Faults{Policy: Skip, Spike: 1.0001, Limit: 100}
	whole := fit(t, c)
	if whole.Summary.Faults == 0 || whole.Summary.Updates != 40 {
		t.Fatalf("summary %+v, want skipped spikes", whole.Summary)
	}
	// What a spike is judged by survives an interruption.
	c = heavy(t)
	c.Faults = Faults{Policy: Skip, Spike: 1.0001, Limit: 100}
	fit(t, stopAfter(c, 23))
	c.Resume = true
	if got := fit(t, c).Summary; got.Fingerprint != whole.Summary.Fingerprint || got.Faults != whole.Summary.Faults {
		t.Errorf("resumed: %+v, want fingerprint %.8s", got, whole.Summary.Fingerprint)
	}
}

// TestBackOff: after a spike the rate is smaller for good, also of a resumed
// run.
func TestBackOff(t *testing.T) {
	spiky := func() Config {
		c := heavy(t)
		c.Faults = Faults{Policy: BackOff, Spike: 1.0001, Limit: 100, Factor: 0.75}
		return c
	}
	c := spiky()
	rates := map[uint64]float64{}
	c.OnEvent = func(e *Event) error {
		rates[e.Position.Update] = e.LR
		return nil
	}
	whole := fit(t, c)
	entries := journalOf(t, whole, entryBackOff)
	if len(entries) < 2 || whole.Summary.Faults != uint64(len(entries)) {
		t.Fatalf("%d entries, summary %+v", len(entries), whole.Summary)
	}
	for i, e := range entries {
		next, more := rates[e.Update+1]
		if want := math.Pow(0.75, float64(i+1)); math.Abs(e.Value/want-1) > 1e-12 || more && next != 3*e.Value {
			t.Errorf("update %d: factor %v, then rate %v; want factor %v", e.Update, e.Value, next, want)
		}
	}
	c = spiky()
	fit(t, stopAfter(c, entries[0].Update+1))
	c.Resume = true
	if got := fit(t, c).Summary; got.Fingerprint != whole.Summary.Fingerprint {
		t.Errorf("resumed: %+v, want fingerprint %.8s", got, whole.Summary.Fingerprint)
	}
	c = normalized(t)
	c.Data, c.Faults.Policy = flaky{c.Data, new(atomic.Int32), 100, false}, BackOff
	if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "does not help") {
		t.Errorf("an error of the data gave %v", err)
	}
}

// cancelling cancels a context when an example is read.
type cancelling struct {
	dataset.Dataset
	at     int
	cancel func()
}

func (c cancelling) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if slices.Contains(indices, c.at) {
		c.cancel()
	}
	return c.Dataset.Gather(dst, row, indices)
}

// TestCancelledUpdate: an update that is cancelled between its micro-batches
// leaves the run before it, and resumed it ends as if nothing had been.
func TestCancelledUpdate(t *testing.T) {
	for _, shards := range []int{1, 4} {
		c := normalized(t)
		c.Shards, c.Exec.Micro = shards, 4
		want := fit(t, c).Summary
		c = normalized(t)
		c.Shards, c.Exec.Micro = shards, 4
		ctx, cancel := context.WithCancel(t.Context())
		data := c.Data
		c.Data = cancelling{data, 49, cancel} // of the first epoch's last batch, when the loader reads it ahead
		run, err := Fit(ctx, c)
		if err != nil || run.Summary.Stopped != report.Interrupted {
			t.Fatalf("%d shards: %+v, %v; want an interruption", shards, run, err)
		}
		c.Data, c.Resume = data, true
		if got := fit(t, c).Summary; got.Fingerprint != want.Fingerprint {
			t.Errorf("%d shards: resumed to %.8s, want %.8s", shards, got.Fingerprint, want.Fingerprint)
		}
	}
}
