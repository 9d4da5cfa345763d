package train

import (
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/optim"
)

// TestPlateau: the learning rate falls after a validation that is no better,
// and a run that was stopped in between goes on with the same rates.
func TestPlateau(t *testing.T) {
	config := func() Config {
		c := resumable(t)
		// No loss gets better by a half, so each validation is a bad one.
		c.Optimizer = optim.SGD(0.01).WithPlateau(&optim.Plateau{Factor: 0.5, Patience: 1, Threshold: 0.5})
		c.ValidateEvery, c.LogEvery = batch.Updates(2), batch.Updates(1)
		return c
	}
	c := config()
	whole := fit(t, c)
	want := map[uint64]float64{2: 0.01, 4: 0.01, 6: 0.01, 7: 0.005, 10: 0.005, 11: 0.0025}
	for _, r := range records(t, c.Out) {
		if lr, ok := want[r.Update]; ok && r.Split == "train" && r.LR != lr {
			t.Errorf("update %d has the rate %v, want %v", r.Update, r.LR, lr)
		}
	}
	for _, at := range []uint64{5, 6, 9} {
		c := config()
		fit(t, stopAfter(c, at))
		c.Resume = true
		if run := fit(t, c); run.Summary.Fingerprint != whole.Summary.Fingerprint {
			t.Errorf("resumed at %d: fingerprint %.8s, want %.8s", at, run.Summary.Fingerprint, whole.Summary.Fingerprint)
		}
	}
}
