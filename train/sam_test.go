package train

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// TestSAM: one update by hand on a line through the origin, and the same bits
// whatever the micro-batch; ρ = 0 is the plain optimizer.
func TestSAM(t *testing.T) {
	x, y := []float32{1, 2, -1, 3}, []float32{2, 3, 1, 1}
	ds := memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, 4, 1)}, dataset.Column{Name: "y", Data: tensor.Of(y, 4, 1)})
	update := func(rho float64, micro int) float64 {
		c := small(t)
		c.Engine = nil // the CPU
		c.Model, c.Loss = nn.Dense(1).NoBias().Init(nn.Constant(0.5)), nn.MSE()
		c.Data, c.Val, c.Test, c.Batch = ds, nil, nil, nil
		c.Optimizer, c.Budget, c.Out = optim.SGD(0.1).WithSAM(rho), Updates(1), NoOut
		c.Exec.Micro = micro
		return float64(fit(t, c).Params["weight"].F32()[0])
	}
	gradient := func(w float64) (g float64) {
		for i := range x {
			g += 2 * (w*float64(x[i]) - float64(y[i])) * float64(x[i]) / 4
		}
		return g
	}
	for _, rho := range []float64{0, 0.3} {
		g := gradient(0.5)
		want := 0.5 - 0.1*gradient(0.5+rho*math.Copysign(1, g))
		got := update(rho, 0)
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("rho %v: the weight is %v, want %v", rho, got, want)
		}
		for micro := 1; micro < 4; micro++ {
			if w := update(rho, micro); w != got {
				t.Errorf("rho %v, micro-batches of %d: %v, want %v", rho, micro, w, got)
			}
		}
	}
}

// TestSAMOfNets: dropout masks are the same at both points, running statistics
// move once, and the bits do not depend on the execution.
func TestSAMOfNets(t *testing.T) {
	x, y := make([]float32, 2*24), make([]float32, 24)
	for i := range x {
		x[i] = float32(i*7%11) / 11
	}
	for i := range y {
		y[i] = float32(i % 3)
	}
	ds := memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, 24, 2)}, dataset.Column{Name: "y", Data: tensor.Of(y, 24, 1)})
	run := func(rho float64, micro int) *Run {
		c := small(t)
		c.Engine = nil // the CPU
		c.Model = nn.Sequential(nn.Dense(8), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.3), nn.Dense(1))
		c.Loss, c.Data, c.Val, c.Test, c.Batch = nn.MSE(), ds, nil, nil, nil
		c.Optimizer, c.Budget, c.Out = optim.AdamW(0.01).WithSAM(rho), Updates(3), NoOut
		c.Exec.Micro = micro
		return fit(t, c)
	}
	whole := run(0.05, 24)
	for _, micro := range []int{1, 5, 12} {
		if other := run(0.05, micro); other.Summary.Fingerprint != whole.Summary.Fingerprint {
			t.Errorf("micro-batches of %d change the bits", micro)
		}
	}
	sharded := func(workers, micro int, keep engine.Recompute) string {
		c := small(t)
		c.Engine = nil // the CPU
		c.Model = nn.Sequential(nn.Dense(8), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.3), nn.Dense(1))
		c.Loss, c.Data, c.Val, c.Test, c.Batch = nn.MSE(), ds, nil, nil, batch.All()
		c.Optimizer, c.Budget, c.Out = optim.AdamW(0.01).WithSAM(0.05).WithEMA(0.9), Updates(3), NoOut
		c.Shards, c.Exec.Workers, c.Exec.Micro, c.Exec.Recompute = 3, workers, micro, keep
		return fit(t, c).Summary.Fingerprint
	}
	want := sharded(1, 24, engine.RecomputeNever)
	for _, workers := range []int{1, 2, 3} {
		for _, keep := range []engine.Recompute{engine.RecomputeNever, engine.RecomputeAlways} {
			if got := sharded(workers, 1+2*workers, keep); got != want {
				t.Errorf("%d workers, recompute %d change the bits", workers, keep)
			}
		}
	}
	if tiny := run(1e-30, 24); tiny.Summary.Fingerprint != run(0, 24).Summary.Fingerprint {
		t.Error("an ascent of nothing changes the bits")
	}
}
