package train

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/tensor"
)

// idle is an engine that computes nothing: what is left is the loop.
type idle struct{ *oracle.Engine }

func (idle) Compile(_ *graph.Graph, _ engine.Vars, o engine.Options) (engine.Program, error) {
	one := tensor.Scalar(1.0)
	return idleProgram{map[string]*tensor.Tensor{outLossSum: one, outWeightSum: one, "grad_norm": one}, o.Rows}, nil
}

type idleProgram struct {
	out  map[string]*tensor.Tensor
	rows int
}

func (idleProgram) Begin(uint64, []float64)          {}
func (idleProgram) Micro([]*tensor.Tensor, int, int) {}
func (idleProgram) Passes() int                      { return 1 }
func (idleProgram) Watch(bool)                       {}
func (idleProgram) Mark()                            {}
func (idleProgram) Marks() []collective.Part         { return nil }
func (idleProgram) AdoptMarks(*collective.Part)      {}
func (idleProgram) EndShard(int)                     {}
func (idleProgram) Parts() []collective.Part         { return nil }
func (idleProgram) Adopt(*collective.Part)           {}
func (idleProgram) EndPass()                         {}
func (idleProgram) Finish() bool                     { return true }
func (idleProgram) Commit()                          {}
func (idleProgram) OutputRows(string) int            { return 0 }
func (p idleProgram) Plan() engine.Plan              { return engine.Plan{Rows: p.rows, Passes: 1, Group: 1} }

func (p idleProgram) Output(name string) *tensor.Tensor {
	if strings.HasPrefix(name, "noise/") {
		return half
	}
	return p.out[name]
}

var half = tensor.Scalar(0.5)

// warm opens a run on the idle engine and takes some steps.
func warm(t testing.TB, c Config) *loop {
	c.Engine = idle{oracle.New()}
	c.Val = nil
	c = c.withDefaults()
	l, err := newLoop(&c)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.open(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.close() })
	for range 5000 {
		if err := l.step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestStepAllocatesNothing(t *testing.T) {
	for _, p := range []batch.Policy{batch.Fixed(1), batch.Fixed(16), batch.All(), batch.NoiseScale{Bounds: batch.Bounds{Start: 16, Min: 16, Max: 16}}} {
		c := small(t)
		c.Batch, c.Budget = p, Updates(1e9)
		c.Order = dataset.Sequential // a shuffle is an object for each epoch
		c.Out = filepath.Join(t.TempDir(), "run")
		c.OnEvent = func(*Event) error { return nil }
		c.Noise = Noise{Mode: NoiseOn, Every: Updates(2), Layers: true}
		l := warm(t, c)
		n := testing.AllocsPerRun(2000, func() {
			if err := l.step(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("batch %v: %v allocations for an update", p, n)
		}
	}
}

func BenchmarkLoop(b *testing.B) {
	c := small(b)
	c.Batch, c.Budget = batch.Fixed(1), Updates(1e9)
	l := warm(b, c)
	for b.Loop() {
		if err := l.step(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
