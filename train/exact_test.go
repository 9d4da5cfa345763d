package train

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	icpu "github.com/descent-ml/descent/internal/cpu"
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
	for _, p := range []batch.Policy{batch.Fixed(16), batch.Fixed(1), batch.All()} {
		c := small(t)
		c.Data = blobs(t, 1234, 1) // All is more than a leaf
		c.Optimizer.Chain = momentum()
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
	c.Optimizer.Chain = momentum()
	if d := difference(t, onCPU(t, c, Exec{Threads: 1}), fit(t, c)); d > 1e-5 {
		t.Errorf("after 24 updates parameters differ by %v", d)
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
