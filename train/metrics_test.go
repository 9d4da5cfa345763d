package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

func near(t *testing.T, what string, values report.Values, name string, want float64) {
	t.Helper()
	if got, ok := values.Get(name); !ok || math.Abs(got-want) > 1e-12 {
		t.Errorf("%s: %s is %v, want %v", what, name, got, want)
	}
}

func TestAccuracy(t *testing.T) {
	nan := float32(math.NaN())
	pred := tensor.Of([]float32{1, 2, 3, 5, 5, 0, nan, nan, nan, nan, 1, 0}, 4, 3)
	label := tensor.Of([]int32{2, 1, 0, 1})
	weight := tensor.Of([]float32{1, 2, 4, 0.5})
	m := newMeter(nil, dataset.Field{DType: tensor.I32})
	m.add(pred, label, nil, 4)
	// Right are rows 0 and 3; row 1 is a tie, which goes to class 0; row 2 is no prediction.
	near(t, "plain", m.values(), "accuracy", 0.5)
	m = newMeter(nil, dataset.Field{DType: tensor.I32})
	m.add(pred, label, weight, 4)
	near(t, "weighted", m.values(), "accuracy", 1.5/7.5)
	near(t, "baseline", m.baseline(m), "accuracy", 4/7.5)
	same := newMeter(nil, dataset.Field{DType: tensor.I32})
	if same.add(pred, tensor.Of([]int32{0, 0, 0, 0}), nil, 4); same.baseline(same) != nil {
		t.Error("a baseline of targets that are all the same")
	}
}

// bce is named like the binary loss; meters look at nothing else.
type bce struct{ nn.Loss }

func (bce) Name() string { return "bce" }

func TestBinaryAccuracy(t *testing.T) {
	m := newMeter(bce{}, dataset.Field{DType: tensor.F32})
	m.add(tensor.Of([]float32{0.1, -3, 0, float32(math.NaN())}, 4, 1), tensor.Of([]float32{1, 1, 0, 0}), nil, 4)
	near(t, "binary", m.values(), "accuracy", 0.5)
}

func TestRegression(t *testing.T) {
	// The example of scikit-learn's documentation of r2_score: 1 - 1.5/29.1875.
	y, p := []float32{3, -0.5, 2, 7}, []float32{2.5, 0, 2, 8}
	field := dataset.Field{DType: tensor.F32}
	m := newMeter(nil, field)
	m.add(tensor.Of(p, 4, 1), tensor.Of(y), nil, 4)
	near(t, "whole", m.values(), "r2", 0.9486081370449679)
	near(t, "whole", m.values(), "rmse", math.Sqrt(0.375))
	near(t, "baseline", m.baseline(m), "rmse", math.Sqrt(29.1875/4))

	// A weight of 2 is an example twice; a weight of 0 is none, whatever it holds.
	twice, weighted := newMeter(nil, field), newMeter(nil, field)
	twice.add(tensor.Of(append(p, p[3]), 5, 1), tensor.Of(append(y, y[3])), nil, 5)
	weighted.add(tensor.Of(append(p, float32(math.NaN())), 5, 1), tensor.Of(append(y, 0)), tensor.Of([]float32{1, 1, 1, 2, 0}), 5)
	for _, v := range twice.values() {
		near(t, "weighted", weighted.values(), v.Name, v.V)
	}

	// Two outputs: R² is their mean; one that does not vary counts 0, or 1 if it is met.
	two := newMeter(nil, dataset.Field{DType: tensor.F32, Shape: tensor.Shape{2}})
	two.add(tensor.Of([]float32{1, 5, 2, 5}, 2, 2), tensor.Of([]float32{1, 5, 3, 5}, 2, 2), nil, 2)
	near(t, "two outputs", two.values(), "r2", (0.5+1)/2)
}

// TestEvaluateIsWhole: a pass over many rows is the definition over all of them.
func TestEvaluateIsWhole(t *testing.T) {
	const n = 2*evalRows + 37
	ds := blobs(t, n, 5)
	model := nn.Sequential(nn.Dense(3), nn.Dropout(0.9))
	params := checkpoint.Tensors{"0.weight": tensor.Of([]float32{1, 0, -1, 0.5, 0, 2, 1, 0, 0, 1, -1, 0.25}, 3, 4), "0.bias": tensor.Of([]float32{0, 0.5, -0.5})}
	e, err := NewEvaluator(oracle.New(), model, nn.CrossEntropy(), ds.Fields(), params)
	if err != nil {
		t.Fatal(err)
	}
	values, err := e.Evaluate(context.Background(), ds)
	if err != nil {
		t.Fatal(err)
	}
	buf, all := dataset.NewBuffers(ds.Fields(), n), make([]int, n)
	for i := range all {
		all[i] = i
	}
	if err := ds.Gather(buf, 0, all); err != nil {
		t.Fatal(err)
	}
	var loss, weight, hit float64
	next := 0
	err = e.Predict(context.Background(), ds, func(first int, pred *tensor.Tensor, rows int) error {
		if first != next {
			t.Errorf("rows from %d, want %d", first, next)
		}
		next = first + rows
		for i := range rows {
			x, w, y := buf[0].F32()[4*(first+i):][:4], float64(buf[2].F32()[first+i]), buf[1].I32()[first+i]
			var z [3]float64
			sum := 0.0
			for j := range z {
				z[j] = float64(params["0.bias"].F32()[j])
				for k, v := range x {
					z[j] += float64(v) * float64(params["0.weight"].F32()[4*j+k])
				}
				sum += math.Exp(z[j])
				if got := float64(pred.F32()[3*i+j]); math.Abs(got-z[j]) > 1e-5 {
					t.Fatalf("prediction %d of example %d is %v, want %v", j, first+i, got, z[j])
				}
			}
			loss += w * (math.Log(sum) - z[y])
			weight += w
			if slices.Index(z[:], max(z[0], z[1], z[2])) == int(y) {
				hit += w
			}
		}
		return nil
	})
	if err != nil || next != n {
		t.Fatalf("%d of %d rows, %v", next, n, err)
	}
	near(t, "evaluation", values, "loss", loss/weight)
	near(t, "evaluation", values, "accuracy", hit/weight)

	stop := errors.New("enough")
	if err := e.Predict(context.Background(), ds, func(int, *tensor.Tensor, int) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v, want that of the callback", err)
	}
	delete(params, "0.bias")
	if _, err := NewEvaluator(oracle.New(), model, nil, ds.Fields(), params); err == nil || !strings.Contains(err.Error(), "0.bias") {
		t.Errorf("a missing parameter gives %v", err)
	}
}

// TestPredictWithoutTarget: data without a target can be predicted, not evaluated.
func TestPredictWithoutTarget(t *testing.T) {
	ds := memory(t, dataset.Column{Name: "x", Data: tensor.Of([]float32{1, 2, 3, 4}, 2, 2)})
	double := nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node { return c.Add(x, x) })
	e, err := NewEvaluator(oracle.New(), double, nn.CrossEntropy(), ds.Fields(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []float32
	err = e.Predict(context.Background(), ds, func(_ int, pred *tensor.Tensor, rows int) error {
		got = append(got, pred.F32()[:2*rows]...)
		return nil
	})
	if err != nil || !slices.Equal(got, []float32{2, 4, 6, 8}) {
		t.Errorf("predictions %v, %v", got, err)
	}
	if _, err := e.Evaluate(context.Background(), ds); err == nil {
		t.Error("data without a target was evaluated")
	}
	if err := e.Predict(context.Background(), blobs(t, 3, 1), nil); err == nil || !strings.Contains(err.Error(), "fields") {
		t.Errorf("other fields give %v", err)
	}
}

func TestPrior(t *testing.T) {
	y := make([]int32, 1000)
	for i := range y {
		y[i] = int32(i / 600)
	}
	ds := memory(t, dataset.Column{Name: "y", Data: tensor.Of(y)})
	m, err := prior(context.Background(), &Config{Data: ds})
	if err != nil {
		t.Fatal(err)
	}
	if a := m.(*accuracy); a.total != 1000 || a.counts[0] != 600 {
		t.Errorf("the prior has %v of %v", a.counts, a.total)
	}
}

// TestFingerprintAtAnyUpdate: an event's fingerprint is that of the checkpoint.
func TestFingerprintAtAnyUpdate(t *testing.T) {
	c := resumable(t)
	prints := map[uint64]string{}
	c.OnEvent = func(e *Event) (err error) {
		switch e.Kind {
		case Updated:
			prints[e.Position.Update], err = e.Fingerprint()
		case Saved:
			s, err := checkpoint.Read(e.Path)
			if err != nil {
				return err
			}
			if now, err := e.Fingerprint(); err != nil || now != s.Fingerprint {
				t.Errorf("update %d: fingerprint %.8s, the checkpoint's is %.8s (%v)", s.Update, now, s.Fingerprint, err)
			}
		}
		return err
	}
	run := fit(t, c)
	if len(prints) != 24 || prints[24] != run.Summary.Fingerprint || prints[23] == prints[24] {
		t.Errorf("%d fingerprints, the last %.8s, want %.8s", len(prints), prints[24], run.Summary.Fingerprint)
	}
}

func TestProgressShows(t *testing.T) {
	var out bytes.Buffer
	c := small(t)
	c.Progress = report.NewProgress(&out, report.Lines)
	c.Budget = Epochs(2)
	fit(t, c)
	for _, want := range []string{"small 50 examples, budget 2ep, batch 16", "epoch 1/2", "✓ small", "val       loss", "test", "baseline"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("progress lacks %q:\n%s", want, &out)
		}
	}
}

func TestClockWithoutReplay(t *testing.T) {
	var journal []report.Entry
	c := newClock(nil, func(e report.Entry) error { journal = append(journal, e); return nil })
	c.started = time.Now()
	for i := range 1000 {
		if f, err := c.share(uint64(i), float64(i)/100000); err != nil || f > float64(i)/100000 || f < float64(i)/100000-grain {
			t.Fatalf("share %v at %v, %v", f, float64(i)/100000, err)
		}
	}
	if len(journal) != 20 { // 0.00999 of 2048 steps
		t.Errorf("%d entries, want 20", len(journal))
	}
	if f, _ := c.share(2000, 7); f != 1 {
		t.Errorf("more than all is %v", f)
	}
}
