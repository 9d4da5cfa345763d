package train

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// averaging are the optimizers whose evaluations use other weights, and others
// with operations of their own.
func averaging() map[string]optim.Optimizer {
	return map[string]optim.Optimizer{
		"ema":            optim.SGD(0.2).WithEMA(0.9),
		"swa":            optim.SGD(0.2).WithSWA(0.5, 2),
		"schedule-free":  optim.ScheduleFreeAdamW(0.05),
		"lookahead":      optim.Adam(0.05).WithLookahead(optim.DefaultLookahead()),
		"muon":           optim.Muon(0.05, 0.01),
		"adafactor":      optim.Adafactor(0.05),
		"lamb":           optim.LAMB(0.05),
		"lars":           optim.LARS(1),
		"clip":           optim.SGD(0.2).WithClipAdaptive(0.05),
		"radam":          optim.RAdam(0.05),
		"nadam and lion": optim.NAdam(0.05).WithGroups(optim.Group{Part: optim.Hidden, Chain: []optim.Transform{optim.DefaultLion()}}),
	}
}

// TestAverageIsKept: the weights that are kept are the averages of the last
// update, and the run itself went on with its own.
func TestAverageIsKept(t *testing.T) {
	for name, o := range averaging() {
		t.Run(name, func(t *testing.T) {
			c := small(t)
			c.Optimizer, c.Engine = o, nil
			var last checkpoint.Tensors
			c.OnEvent = func(e *Event) error {
				if e.Kind != Updated {
					return nil
				}
				ts, err := e.run.weights.file(true)
				last = checkpoint.Tensors{}
				for name, x := range e.run.averages.evaluated(ts) {
					last[name] = x.Clone()
				}
				return err
			}
			run := fit(t, c)
			if len(last) == 0 || len(run.Params) != len(last) {
				t.Fatalf("%d weights are kept, want %d", len(run.Params), len(last))
			}
			for name, x := range run.Params {
				if !sameBits(x, last[name]) {
					t.Errorf("%s is %v, want %v", name, x.F32(), last[name].F32())
				}
			}
			plain := small(t)
			plain.Optimizer, plain.Engine, plain.Val = o, nil, nil
			if again := fit(t, plain).Summary.Fingerprint; again != run.Summary.Fingerprint {
				t.Errorf("validations change the run: fingerprint %.8s, %.8s without", run.Summary.Fingerprint, again)
			}
		})
	}
}

func sameBits(a, b *tensor.Tensor) bool {
	return a.Size() == b.Size() && bytes.Equal(fmt.Append(nil, a.F32()), fmt.Append(nil, b.F32()))
}

// TestAverageResumes: a run with averages that was stopped ends with the same
// state, scores and weights, the best ones of an earlier validation among them.
func TestAverageResumes(t *testing.T) {
	for name, o := range averaging() {
		t.Run(name, func(t *testing.T) {
			config := func() Config {
				c := resumable(t)
				c.Optimizer, c.Engine = o, nil
				return c
			}
			whole := fit(t, config())
			for _, at := range []uint64{1, 13, 23} {
				c := config()
				fit(t, stopAfter(c, at))
				c.Resume = true
				run := fit(t, c)
				if run.Summary.Fingerprint != whole.Summary.Fingerprint || !reflect.DeepEqual(run.Summary.Test, whole.Summary.Test) ||
					!reflect.DeepEqual(run.Summary.Best, whole.Summary.Best) {
					t.Errorf("resumed at %d: %+v, want %+v", at, run.Summary, whole.Summary)
				}
				for name, x := range run.Params {
					if !sameBits(x, whole.Params[name]) {
						t.Errorf("resumed at %d: %s is %v, want %v", at, name, x.F32(), whole.Params[name].F32())
					}
				}
			}
		})
	}
}
