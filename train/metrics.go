package train

import (
	"math"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// better says of each metric which of two values is better.
var better = map[string]func(a, b float64) bool{
	"loss":     func(a, b float64) bool { return a < b },
	"rmse":     func(a, b float64) bool { return a < b },
	"accuracy": func(a, b float64) bool { return a > b },
	"r2":       func(a, b float64) bool { return a > b },
}

// meter accumulates a metric over examples in their order, in float64, so that
// its value does not depend on how they are cut into rows.
type meter interface {
	// add takes the first rows of predictions, targets and weights, which may
	// be nil for 1.
	add(pred, target, weight *tensor.Tensor, rows int)

	// values returns the metrics of what was added.
	values() report.Values

	// baseline returns the metrics that a prediction without inputs would have
	// here: always the most frequent class, or the mean, of prior. There is none
	// where all of prior are of one class, such as the place of the right one
	// among negatives.
	baseline(prior meter) report.Values
}

// measures returns the metrics there are for a kind of target.
func measures(loss nn.Loss, target dataset.Field) []string {
	switch newMeter(loss, target).(type) {
	case *accuracy, *nextToken:
		return []string{"loss", "accuracy"}
	case *regression:
		return []string{"loss", "rmse", "r2"}
	}
	return []string{"loss"}
}

// newMeter returns the meter for a kind of target, or nil if there is none.
func newMeter(loss nn.Loss, target dataset.Field) meter {
	switch {
	case isSequence(target):
		return &nextToken{}
	case loss != nil && loss.Name() == "in_batch":
		return nil // the target says nothing
	case target.DType == tensor.I32:
		return &accuracy{counts: map[int32]float64{}}
	case loss != nil && strings.HasPrefix(loss.Name(), "bce"):
		return &accuracy{counts: map[int32]float64{}, binary: true}
	case target.DType == tensor.F32:
		return &regression{out: make([]output, target.Shape.Size())}
	}
	return nil
}

// inUnits makes a meter of values measure in the units of the data.
func inUnits(m meter, value func(output int, y float32) float64) meter {
	if r, ok := m.(*regression); ok {
		r.value = value
	}
	return m
}

// accuracy is the share of targets, by the weight of their example, that the
// prediction has right: the first highest score, or for binary targets a
// score above 0 where the target is above 1/2.
type accuracy struct {
	binary     bool
	hit, total float64
	counts     map[int32]float64 // weight of each class
}

func (a *accuracy) add(pred, target, weight *tensor.Tensor, rows int) {
	per := target.Size() / target.Shape()[0] // targets of an example
	width := pred.Size() / pred.Shape()[0] / per
	for i := range rows * per {
		w := weightOf(weight, i/per)
		var got, want int32
		if a.binary {
			got, want = b2i(pred.F32()[i] > 0), b2i(target.F32()[i] > 0.5)
			if v := pred.F32()[i]; v != v {
				got = -1
			}
		} else {
			got, want = argmax(pred.F32()[i*width:(i+1)*width]), target.I32()[i]
		}
		if got == want {
			a.hit += w
		}
		a.total += w
		a.counts[want] += w
	}
}

func b2i(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// argmax returns the place of the first maximum; NaN is never one.
func argmax(x []float32) int32 {
	at, top := int32(-1), float32(math.Inf(-1))
	for i, v := range x {
		if v > top {
			at, top = int32(i), v
		}
	}
	return at
}

func weightOf(weight *tensor.Tensor, example int) float64 {
	if weight == nil {
		return 1
	}
	return float64(weight.F32()[example])
}

func (a *accuracy) values() report.Values {
	return report.Values{{Name: "accuracy", V: a.hit / a.total}}
}

func (a *accuracy) baseline(prior meter) report.Values {
	most, weight := int32(0), -1.0
	if len(prior.(*accuracy).counts) < 2 {
		return nil
	}
	for class, w := range prior.(*accuracy).counts {
		if w > weight || w == weight && class < most {
			most, weight = class, w
		}
	}
	return report.Values{{Name: "accuracy", V: a.counts[most] / a.total}}
}

// regression is the root of the mean squared error over examples and outputs,
// and R² = 1 - Σ(y-p)²/Σ(y-mean)² as the mean over outputs. An output that does
// not vary has R² 0, or 1 if it is predicted exactly, as in scikit-learn.
type regression struct {
	value  func(output int, y float32) float64 // in the units of the data, nil: as it is
	weight float64
	out    []output
}

// output is the sums of one output: mean and squares by West's weighted update
// (Communications of the ACM 22, 1979).
type output struct{ mean, squares, errors float64 }

func (r *regression) add(pred, target, weight *tensor.Tensor, rows int) {
	for e := range rows {
		w := weightOf(weight, e)
		if w == 0 {
			continue
		}
		r.weight += w
		for j := range r.out {
			o := &r.out[j]
			y, p := r.unit(j, target.F32()[e*len(r.out)+j]), r.unit(j, pred.F32()[e*len(r.out)+j])
			d := y - o.mean
			o.mean += float64(d * (w / r.weight))
			o.squares += float64(float64(w*d) * (y - o.mean))
			o.errors += float64(float64(w*(y-p)) * (y - p))
		}
	}
}

func (r *regression) unit(output int, y float32) float64 {
	if r.value != nil {
		return r.value(output, y)
	}
	return float64(y)
}

func (r *regression) values() report.Values {
	var sum, r2 float64
	for _, o := range r.out {
		sum += o.errors
		switch {
		case o.squares > 0:
			r2 += 1 - o.errors/o.squares
		case o.errors == 0:
			r2++
		}
	}
	n := float64(len(r.out))
	return report.Values{{Name: "rmse", V: math.Sqrt(sum / (r.weight * n))}, {Name: "r2", V: r2 / n}}
}

func (r *regression) baseline(prior meter) report.Values {
	var sum float64
	for j, o := range r.out {
		off := o.mean - prior.(*regression).out[j].mean
		sum += o.squares + float64(r.weight*off)*off
	}
	return report.Values{{Name: "rmse", V: math.Sqrt(sum / (r.weight * float64(len(r.out))))}}
}
