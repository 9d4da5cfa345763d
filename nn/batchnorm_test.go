package nn_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// TestBatchNormVars: names, kinds and first values are PyTorch's.
func TestBatchNormVars(t *testing.T) {
	g, err := nn.Forward(nn.Sequential(nn.BatchNorm(), nn.BatchNorm().Plain()), x(2, 3))
	if err != nil {
		t.Fatal(err)
	}
	one, zero := graph.Init{Rule: "constant", A: 1}, graph.Init{Rule: "zeros"}
	for i, want := range []struct {
		name string
		kind graph.VarKind
		init graph.Init
	}{
		{"0.weight", graph.Trainable, one}, {"0.bias", graph.Trainable, zero}, {"0.running_mean", graph.Running, zero}, {"0.running_var", graph.Running, one},
		{"1.running_mean", graph.Running, zero}, {"1.running_var", graph.Running, one},
	} {
		v := g.Vars[i]
		if v.Attr.Name != want.name || v.Attr.Kind != want.kind || !reflect.DeepEqual(v.Attr.Init, want.init) || v.Shape.String() != "f32[3]" {
			t.Errorf("variable %d is %s %v of kind %d from %+v, want %+v", i, v.Attr.Name, v.Shape, v.Attr.Kind, v.Attr.Init, want)
		}
	}
}

func TestBatchNormErrors(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		in    nn.Input
		want  string
	}{
		{nn.BatchNorm(), x(), "axis of channels"},
		{nn.BatchNorm().Eps(0), x(3), "eps 0, want a finite number above 0"},
		{nn.BatchNorm().Momentum(1.5), x(3), "momentum 1.5, want 0 to 1"},
		{nn.BatchNorm().Group(1), x(3), "groups of 1 examples, want at least 2"},
		{nn.BatchNorm(), nn.Input{Name: "x", DType: tensor.I32, Shape: []int{3}}, "f32"},
		{nn.BatchNorm(), nn.Input{Name: "other"}, `is there a field "x"`},
	} {
		var b graph.Builder
		nn.NewContext(&b, true, c.in).Model(c.layer)
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.layer, err, c.want)
		}
	}
}

// TestFrozenBatchNorm: it uses the running statistics, and leaves them alone.
func TestFrozenBatchNorm(t *testing.T) {
	var b graph.Builder
	c := nn.NewContext(&b, true, x(3))
	b.Output("y", c.Model(nn.Frozen(nn.BatchNorm())))
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Assigns) > 0 || len(c.Params()) > 0 || g.Output("y").Phase > 0 {
		t.Errorf("%d assignments, %d parameters to train, pass %d, want none", len(g.Assigns), len(c.Params()), g.Output("y").Phase)
	}
	if _, estimates, err := nn.Estimation(nn.Frozen(nn.BatchNorm()), x(3)); err != nil || len(estimates) > 0 {
		t.Errorf("estimates %v (%v), want none", estimates, err)
	}
}

// TestBatchNormSummary: running statistics are no parameters.
func TestBatchNormSummary(t *testing.T) {
	rows, err := nn.Summary(nn.Sequential(nn.BatchNorm(), nn.Frozen(nn.BatchNorm().Group(32)), nn.BatchNorm().Plain()), x(5))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprint(r.Kind, " ", r.Params, " ", r.Frozen, " ", r.Running))
	}
	want := []string{"BatchNorm 10 0 10", "Frozen BatchNorm (group 32) 10 10 10", "BatchNorm (plain) 0 0 10"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestEstimation: over two batches of different sizes the estimates are the
// mean and the variance of all values; of groups, the mean of their variances.
func TestEstimation(t *testing.T) {
	const rows, first, channels = 11, 4, 2
	values := make([]float64, rows*2*channels) // x is (B, 2, channels)
	for i := range values {
		values[i] = math.Round(100*math.Sin(float64(i*i))) / 16
	}
	for _, group := range []int{0, 3} {
		g, estimates, err := nn.Estimation(nn.Sequential(nn.BatchNorm().Group(group), nn.Dropout(0.5)), x(2, channels))
		if err != nil || len(estimates) != 1 || len(g.Assigns) > 0 {
			t.Fatalf("%v, %v", estimates, err)
		}
		e := estimates[0]
		if e.Mean != "0.running_mean" || e.Variance != "0.running_var" {
			t.Errorf("estimates of %s and %s", e.Mean, e.Variance)
		}
		shift := []float32{0.5, -1}
		sums, count := estimationSums(t, g, e, shift, tensor.Of(values, rows, 2, channels), []int{first, rows - first})
		mean, variance := e.Of(sums, count, shift)
		for j := range channels {
			wantMean, wantVariance := population(values, channels, j, len(values))
			if group > 0 {
				wantVariance = groupVariance(values, channels, j, []int{3, 1, 3, 3, 1}, 2)
			}
			if math.Abs(float64(mean[j])-wantMean) > 1e-6 || math.Abs(float64(variance[j])-wantVariance) > 1e-5 {
				t.Errorf("group %d, channel %d: mean %v, variance %v, want %v and %v", group, j, mean[j], variance[j], wantMean, wantVariance)
			}
		}
	}
}

// estimationSums adds the sums of batches of the given sizes.
func estimationSums(t *testing.T, g *graph.Graph, e nn.Estimate, shift []float32, x *tensor.Tensor, sizes []int) (sums []float64, count float64) {
	vars, p := compileGraph(t, oracle.New(), g, slices.Max(sizes))
	if err := vars.Write(e.Mean, tensor.Of(shift)); err != nil {
		t.Fatal(err)
	}
	sums, at := make([]float64, 2*len(shift)), 0
	for _, n := range sizes {
		p.Begin(0, nil)
		for range p.Passes() {
			p.Micro([]*tensor.Tensor{x}, at, n)
			p.EndPass()
		}
		p.Finish()
		for j, s := range p.Output(e.Sums).F64() {
			sums[j] += s
		}
		count += p.Output(e.Count).F64()[0]
		at += n
	}
	return sums, count
}

// population returns the mean and the unbiased variance of a channel of the
// first n values.
func population(values []float64, channels, j, n int) (mean, variance float64) {
	k := float64(n / channels)
	for i := j; i < n; i += channels {
		mean += values[i] / k
	}
	for i := j; i < n; i += channels {
		variance += (values[i] - mean) * (values[i] - mean) / (k - 1)
	}
	return mean, variance
}

// groupVariance is the mean of the variances of groups of examples, weighted by
// size; each example has per values of a channel.
func groupVariance(values []float64, channels, j int, groups []int, per int) float64 {
	sum, n := 0.0, 0.0
	for _, size := range groups {
		k := size * per * channels
		_, v := population(values[:k], channels, j, k)
		sum, n = sum+float64(size)*v, n+float64(size)
		values = values[k:]
	}
	return sum / n
}
