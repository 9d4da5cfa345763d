package adviser

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/digits"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/train"
)

// handwriting is a small net on a part of the digits.
func handwriting(t *testing.T) train.Config {
	all, _, err := digits.Load()
	if err != nil {
		t.Fatal(err)
	}
	data, err := dataset.Range(all, 0, 400)
	if err != nil {
		t.Fatal(err)
	}
	return train.Config{
		Model: nn.Sequential(nn.Dense(16), nn.ReLU(), nn.Dense(10)), Data: data, Loss: nn.CrossEntropy(),
		Optimizer: optim.Adam(1e-3), Batch: batch.Fixed(32), Budget: train.Epochs(20), Seed: 1,
	}
}

// TestAdvise: a small problem in a short time, and nothing is left behind.
func TestAdvise(t *testing.T) {
	t.Chdir(t.TempDir())
	var steps []string
	a, err := Advise(t.Context(), Options{Config: handwriting(t), For: time.Second, Report: func(s string) { steps = append(steps, s) }})
	if err != nil {
		t.Fatal(err)
	}
	if a.Memory.Data != 360 || a.Memory.Whole == 0 || a.Memory.Batch < a.Memory.Whole {
		t.Errorf("memory: %+v (want of 360 examples, since 40 are held out)", a.Memory)
	}
	if len(a.Pace.Timings) == 0 || a.Pace.At(32) <= 0 || a.Current != (Setting{32, 1e-3}) {
		t.Errorf("pace: %+v, now %+v", a.Pace, a.Current)
	}
	if text := a.String(); !strings.Contains(text, "Memory: ") || !strings.Contains(text, "examples/s") || len(steps) < 2 {
		t.Errorf("%v\n%s", steps, text)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func TestAdviseStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Advise(ctx, Options{Config: handwriting(t)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Advise(t.Context(), Options{Config: train.Config{}}); err == nil || !strings.Contains(err.Error(), "no model") {
		t.Errorf("no configuration: %v", err)
	}
}
