package train

import (
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// planned returns a loop and its planner, in a process that holds nothing yet.
func planned(t *testing.T, c Config) (*loop, *planner) {
	t.Helper()
	eng, err := NewEngine(Exec{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(eng.Close)
	c.Engine = eng
	c = c.withDefaults()
	g, up, err := trainGraph(&c)
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{cfg: &c, eng: eng, graph: g, update: up, averages: newAverages(up.Evals()), least: 1}
	p, err := l.newPlanner()
	if err != nil {
		t.Fatal(err)
	}
	p.base, p.limit = resident{}, 0
	return l, p
}

// TestMemoryBoundsSizes: of a net whose batches are kept as a whole, an automatic
// largest size is one that fits without computing anything again; one that is asked
// for stays, and so does that of a net that memory does not bound.
func TestMemoryBoundsSizes(t *testing.T) {
	norm := nn.Sequential(nn.Dense(64), nn.BatchNorm(), nn.ReLU(), nn.Dense(64), nn.BatchNorm(), nn.Dense(3))
	for _, c := range []struct {
		name  string
		model nn.Layer
		max   int
		want  int
	}{
		{"batch norm", norm, 0, 200}, {"asked for", norm, 700, 700}, {"no batch norm", nn.Sequential(nn.Dense(64), nn.ReLU(), nn.Dense(3)), 0, 800},
	} {
		x := small(t)
		x.Data, x.Val, x.Test, x.Model = blobs(t, 8000, 1), nil, nil, c.model
		x.Batch = batch.NoiseScale{Bounds: batch.Bounds{Start: 16, Max: c.max}}
		l, p := planned(t, x)
		at, err := p.sized(220).estimate(layout{micro: 220, evalRows: 1})
		if err != nil {
			t.Fatal(err)
		}
		p.limit = p.sized(220).peak(at) * 32 / 31
		q, err := l.bound(p)
		if err != nil {
			t.Fatal(err)
		}
		if most := l.policy.Max(8000); q.size != c.want || most != c.want || (l.most > 0) != (c.want == 200) {
			t.Errorf("%s: batches of at most %d, planned for %d (want %d), journal %d", c.name, most, q.size, c.want, l.most)
		}
	}
}

// TestBoundIsReplayed: what memory allowed the first time holds, however much there
// is now.
func TestBoundIsReplayed(t *testing.T) {
	c := small(t)
	c.Data, c.Val, c.Test, c.Budget = blobs(t, 640, 1), nil, nil, Epochs(2)
	c.Optimizer = optim.SGD(0.1).WithSchedule(optim.Linear(0))
	c.Batch = batch.Growth{Bounds: batch.Bounds{Start: 4}}
	if got, _ := sizes(t, c); slices.Max(got) <= 16 || slices.Max(got) > 64 {
		t.Errorf("batches %v, want more than 16 and at most a tenth of the data", got)
	}
	c.Replay = []report.Entry{{Kind: entryMost, Value: 16}}
	if got, _ := sizes(t, c); slices.Max(got) != 16 {
		t.Errorf("replayed: batches %v, want up to 16", got)
	}
}

// TestFewestExamples: a policy that could go down to one example does not where
// that would be no batch.
func TestFewestExamples(t *testing.T) {
	c := small(t)
	c.Val, c.Test, c.Budget = nil, nil, Epochs(2)
	c.Optimizer = optim.SGD(1e-3).WithSchedule(optim.Linear(0.1))
	c.Batch = batch.CABS{Bounds: batch.Bounds{Start: 16, Min: 1}, C: 1e-9}
	c.Noise.Every = batch.Updates(1)
	c.Budget = Epochs(10)
	for _, x := range []struct {
		model  nn.Layer
		shards int
		want   int
	}{
		{nn.Dense(3), 1, 1}, {nn.Sequential(nn.Dense(3), nn.BatchNorm()), 1, 2}, {nn.Dense(3), 4, 4},
	} {
		c.Model, c.Shards = x.model, x.shards
		var asked []int
		c.OnEvent = func(e *Event) error {
			if e.Kind == Updated {
				asked = append(asked, e.run.size)
			}
			return nil
		}
		fit(t, c)
		if slices.Min(asked) != x.want {
			t.Errorf("%d shards: sizes %v, want down to %d", x.shards, asked, x.want)
		}
	}
}

// TestUnmeasurable: a policy that goes by noise alone begins with a batch of which
// the noise can be measured.
func TestUnmeasurable(t *testing.T) {
	c := small(t)
	c.Val, c.Test, c.Data = nil, nil, blobs(t, 200, 1)
	c.Model = nn.Sequential(nn.Dense(4), nn.BatchNorm().Group(6), nn.Dense(3))
	for _, x := range []struct {
		p    batch.Policy
		want string
	}{
		{batch.NormTest{Bounds: batch.Bounds{Start: 11}}, "a first batch of 11 is too small to measure: it has no two pieces (want 12 or more)"},
		{batch.NormTest{Bounds: batch.Bounds{Start: 5, Max: 11}}, "no batch of up to 11 is large enough"},
		{batch.NormTest{Bounds: batch.Bounds{Start: 12}}, ""},
		{batch.Auto{Bounds: batch.Bounds{Start: 5}}, ""}, // it times another size anyway
	} {
		c.Batch = x.p
		_, err := PreviewOf(c)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%v: %v, want %q", x.p, err, x.want)
		}
	}
}
