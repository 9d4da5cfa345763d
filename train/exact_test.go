package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// onCPU runs on the default engine.
func onCPU(t testing.TB, c Config, x Exec) *Run {
	t.Helper()
	c.Engine, c.Exec = nil, x
	return fit(t, c)
}

// TestExecutionChangesNothing: with dropout, a ragged last batch, class and
// example weights and clipping, 200 updates have one fingerprint however they
// are executed.
func TestExecutionChangesNothing(t *testing.T) {
	for p, o := range map[batch.Policy]optim.Optimizer{
		batch.Fixed(16): optim.SGD(0.2).Momentum(0.9).Nesterov(),
		batch.Fixed(1):  optim.Adam(1e-3),
		batch.All():     optim.AdamW(0.05).WithSchedule(optim.WarmUp(0.1, optim.Cosine(0))), // more than a leaf
	} {
		c := small(t)
		c.Data, c.Optimizer = blobs(t, 1234, 1), o.WithClipNorm(1)
		c.Batch, c.Budget = p, batch.Updates(200)
		c.Val, c.Test = nil, nil
		want := onCPU(t, c, Exec{Threads: 1}).Summary.Fingerprint
		ways := []Exec{
			{Threads: 1, Micro: 1}, {Threads: 1, Micro: 3}, {Threads: 2, Micro: 7}, {Threads: 1, Micro: 1 << 20}, {Threads: 2}, {Threads: 4, Micro: 100},
		}
		for _, isa := range icpu.Tiers() {
			ways = append(ways, Exec{Threads: 2, ISA: isa.String()})
		}
		for _, x := range ways {
			if p.Max(1234) == 1234 && testing.Short() && (x.Micro == 1 || x.ISA == "go") {
				continue // slow
			}
			if got := onCPU(t, c, x).Summary.Fingerprint; got != want {
				t.Errorf("batch %v, %+v: fingerprint %.8s, want %.8s", p, x, got, want)
			}
		}
		c.Seed++
		if got := onCPU(t, c, Exec{Threads: 1}).Summary.Fingerprint; got == want {
			t.Errorf("batch %v: the seed does not matter", p)
		}
	}
}

func TestResumeOnCPU(t *testing.T) {
	whole := onCPU(t, resumable(t), Exec{Threads: 1})
	for _, at := range []uint64{3, 11, 20} {
		c := resumable(t)
		onCPU(t, stopAfter(c, at), Exec{Threads: 2})
		c.Resume = true
		run := onCPU(t, c, Exec{Threads: 1, Micro: 5})
		if run.Summary.Fingerprint != whole.Summary.Fingerprint {
			t.Errorf("resumed at %d: fingerprint %.8s, want %.8s", at, run.Summary.Fingerprint, whole.Summary.Fingerprint)
		}
	}
}

// TestCPUAgreesWithOracle: float32 and float64 differ by rounding only.
func TestCPUAgreesWithOracle(t *testing.T) {
	c := small(t)
	c.Optimizer = optim.SGD(0.2).Momentum(0.9).WithClipNorm(1)
	if d := difference(t, onCPU(t, c, Exec{Threads: 1}), fit(t, c)); d > 1e-5 {
		t.Errorf("after 24 updates parameters differ by %v", d)
	}
}

// endless is data that is computed when it is read: points in three dimensions
// and a target with a part that no line explains.
type endless int

func (n endless) Len() int { return int(n) }

func (endless) Fields() []dataset.Field {
	return []dataset.Field{{Name: "x", DType: tensor.F32, Shape: tensor.Shape{3}}, {Name: "y", DType: tensor.F32, Shape: tensor.Shape{1}}}
}

func (endless) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	for i, e := range indices {
		x := dst[0].F32()[3*(row+i):][:3]
		r := rng.Philox([4]uint32{uint32(e)}, [2]uint32{1, 2})
		for j := range x {
			x[j] = float32(rng.Uniform(r[j])) + float32(j)
		}
		dst[1].F32()[row+i] = 2*x[0] - x[1] + float32(rng.Uniform(r[3]))
	}
	return nil
}

// TestMillionExamples: the gradient of one batch of a million examples, which
// is never in memory, has an error of at most 1e-6 of its norm.
func TestMillionExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := Config{
		Model: nn.Dense(1), Data: endless(1_000_000), Order: dataset.Sequential, Loss: nn.MSE(), Optimizer: optim.SGD(1), Batch: batch.All(),
		Budget: Updates(1), Out: NoOut, Init: checkpoint.Tensors{"weight": tensor.New(tensor.F32, 1, 3), "bias": tensor.New(tensor.F32, 1)},
	}
	got := onCPU(t, c, Exec{}).Params // of zero weights: minus the gradient
	want := make([]float64, 4)
	buf := dataset.NewBuffers(c.Data.Fields(), 1)
	for e := range c.Data.Len() {
		if err := c.Data.Gather(buf, 0, []int{e}); err != nil {
			t.Fatal(err)
		}
		y := 2 * float64(buf[1].F32()[0])
		for j, x := range buf[0].F32() {
			want[j] += y * float64(x) / 1e6
		}
		want[3] += y / 1e6
	}
	var off, norm float64
	for j, w := range want {
		g := got["bias"].F32()[0]
		if j < 3 {
			g = got["weight"].F32()[j]
		}
		off += (float64(g) - w) * (float64(g) - w)
		norm += w * w
	}
	if e := math.Sqrt(off / norm); e > 1e-6 {
		t.Errorf("relative error %.2g, want at most 1e-6", e)
	} else {
		t.Logf("relative error %.2g", e)
	}
}

func TestChunks(t *testing.T) {
	for _, c := range []struct {
		micro, passes, shards int
		reread                bool
		want                  int
	}{
		{64, 1, 1, false, 64}, {7, 1, 1, false, 7}, {512, 3, 1, false, 0}, {512, 3, 1, true, 512}, {512, 1, 4, false, 0},
	} {
		l := &loop{crew: &crew{workers: make([]*worker, 1), shards: c.shards, passes: c.passes}}
		l.plan.Micro, l.plan.Reread = c.micro, c.reread
		if got := l.chunks(); got != c.want {
			t.Errorf("%+v: chunks of %d", c, got)
		}
	}
}

func TestCPUNonFinite(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Engine, c.Data, c.Order = nil, poisoned{c.Data}, dataset.Sequential
	_, err := Fit(context.Background(), c)
	var bad *NonFiniteError
	if !errors.As(err, &bad) || bad.Update != 2 || bad.Worst[0].Index != 21 {
		t.Fatalf("error %v, want update 2 and example 21", err)
	}
	if s, err := checkpoint.Read(bad.Checkpoint); err != nil || s.Update != 1 {
		t.Errorf("checkpoint: %v", err)
	}
}
