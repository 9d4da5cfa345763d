package train

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
)

// large is a run whose memory is mostly activations: with batch norm over whole
// batches if barriers is set.
func large(t testing.TB, barriers bool) Config {
	c := small(t)
	c.Engine = nil
	norm := nn.Layer(nn.LayerNorm())
	if barriers {
		norm = nn.BatchNorm()
	}
	c.Model = nn.Sequential(nn.Dense(512), norm, nn.ReLU(), nn.Dense(512), norm, nn.ReLU(), nn.Dense(3))
	c.Data = blobs(t, 3000, 1)
	c.Batch, c.Budget = batch.Fixed(1500), Updates(3)
	return c
}

// needOf returns the predicted peak of a configuration without a limit, and its
// arena.
func needOf(t testing.TB, c Config) (*Preview, int64) {
	t.Helper()
	v, err := PreviewOf(c)
	if err != nil {
		t.Fatal(err)
	}
	return v, v.Program.Bytes
}

// forgetPeak makes the system forget the most memory that the process has had.
func forgetPeak(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	settle()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skipf("the peak of a process that has had tests before cannot be reset: %v", err)
	}
}

// TestMemoryLimit: with less memory the plan changes, is kept to, and the bits
// are the same.
func TestMemoryLimit(t *testing.T) {
	const pages = 3 << 20 // by so much the system lets code and idle memory come and go
	for _, barriers := range []bool{false, true} {
		want := fit(t, large(t, barriers)).Summary.Fingerprint
		_, arena := needOf(t, large(t, barriers))
		last := arena + 1
		for _, share := range []int64{2, 4} {
			c := large(t, barriers)
			forgetPeak(t)
			v, _ := needOf(t, c)
			forgetPeak(t)
			c.Exec.Memory = v.Memory.Peak - arena + arena/share + pages
			run := fit(t, c)
			if run.Summary.Fingerprint != want {
				t.Errorf("barriers %v, 1/%d: fingerprint %.8s, want %.8s", barriers, share, run.Summary.Fingerprint, want)
			}
			if run.Plan.Bytes > last || run.Plan.Bytes >= arena || run.Summary.PlannedBytes > c.Exec.Memory {
				t.Errorf("barriers %v, 1/%d: %d bytes of activations after %d, %d planned of %d", barriers, share, run.Plan.Bytes, last, run.Summary.PlannedBytes, c.Exec.Memory)
			}
			t.Logf("barriers %v: activations of %d bytes, %d within %d", barriers, arena, run.Plan.Bytes, c.Exec.Memory)
			last = run.Plan.Bytes
		}
	}
}

// TestMemoryRefused: what cannot be met is refused before the run, with a limit
// that can be met and what would help.
func TestMemoryRefused(t *testing.T) {
	c := large(t, true)
	c.Exec.Memory = 1 << 20
	_, err := Fit(context.Background(), c)
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "exec.memory") || !strings.Contains(err.Error(), "takes at least") {
		t.Fatalf("got %v", err)
	}
	// The limit that is offered does, on a machine that is not asked for less
	// than it has taken.
	p := &planner{cfg: &c, base: settle(), size: 1500, limit: 1 << 20, by: "exec.memory"}
	done, err := c.prepare()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if p.graph, _, err = trainGraph(&c); err != nil {
		t.Fatal(err)
	}
	first, err := p.estimate(layout{micro: 500, evalRows: evalRows})
	if err != nil {
		t.Fatal(err)
	}
	p.limit = roundUp(p.peak(p.least(first)))
	if found, err := p.smaller(first); err != nil || p.peak(found) > p.limit {
		t.Errorf("a limit of %d gives %+v, %v", p.limit, found, err)
	}
	c.Exec.Recompute = engine.RecomputeNever
	p.limit = p.base.peak + 12<<20
	if err := p.refuse(first); !strings.Contains(err.Error(), "exec.recompute") {
		t.Errorf("got %v, want advice about recomputation", err)
	}
}
