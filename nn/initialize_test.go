package nn_test

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

func draw(t *testing.T, init graph.Init, n int, seed uint64, name string) []float32 {
	t.Helper()
	dst := make([]float32, n)
	if err := nn.Initialize(init, tensor.Shape{n}, seed, name, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// TestInitializers: mean, deviation and bounds of a hundred thousand values
// for a layer of 300 inputs and 100 outputs. The mean is within 4.5 of its
// deviations, the deviation within 1.5 %.
func TestInitializers(t *testing.T) {
	const n, in, out = 100000, 300, 100
	uniform := func(b float64) [3]float64 { return [3]float64{0, b / math.Sqrt(3), b} }
	for _, c := range []struct {
		name string
		init nn.Initializer
		want [3]float64 // mean, deviation, farthest distance from the mean
	}{
		{"Kaiming", nn.Kaiming(), uniform(math.Sqrt(6. / in))},
		{"Xavier", nn.Xavier(), uniform(math.Sqrt(6. / (in + out)))},
		{"Uniform", nn.Uniform(1, 3), [3]float64{2, 1 / math.Sqrt(3), 1}},
		{"KaimingNormal", nn.KaimingNormal(), [3]float64{0, math.Sqrt(2. / in), 1}},
		{"XavierNormal", nn.XavierNormal(), [3]float64{0, math.Sqrt(2. / (in + out)), 1}},
		{"Normal", nn.Normal(-1, 0.5), [3]float64{-1, 0.5, 4}},
		{"TruncatedNormal", nn.TruncatedNormal(1, 0.5), [3]float64{1, 0.5 * 0.8796256610342398, 1}},
		{"Zeros", nn.Zeros(), [3]float64{}},
		{"Constant", nn.Constant(0.75), [3]float64{0.75, 0, 0}},
	} {
		sum, squares, far := 0.0, 0.0, 0.0
		for _, v := range draw(t, c.init(in, out), n, 1, "w") {
			d := float64(v) - c.want[0]
			sum, squares, far = sum+d, squares+d*d, max(far, math.Abs(d))
		}
		if mean := sum / n; math.Abs(mean) > 4.5*c.want[1]/math.Sqrt(n) {
			t.Errorf("%s: the mean is off by %g", c.name, mean)
		}
		if dev := math.Sqrt(squares / n); math.Abs(dev-c.want[1]) > 0.015*c.want[1] {
			t.Errorf("%s: deviation %g, want %g", c.name, dev, c.want[1])
		}
		if far > c.want[2]*(1+1e-6) {
			t.Errorf("%s: a value at %g of the mean, want at most %g", c.name, far, c.want[2])
		}
	}
}

// TestNormalDistribution: the shares below some quantiles, within 4.5 of their
// deviations.
func TestNormalDistribution(t *testing.T) {
	const n = 200000
	values := draw(t, graph.Init{Rule: "normal", B: 1}, n, 3, "w")
	for _, x := range []float64{-3, -2, -1, -0.3, 0, 0.5, 1.5, 2.5} {
		below := 0.0
		for _, v := range values {
			if float64(v) < x {
				below++
			}
		}
		p := math.Erfc(-x/math.Sqrt2) / 2
		if math.Abs(below/n-p) > 4.5*math.Sqrt(p*(1-p)/n) {
			t.Errorf("share below %g: %g, want %g", x, below/n, p)
		}
	}
}

// TestInitializeIsAFunction: of seed, name and place, not of the length.
func TestInitializeIsAFunction(t *testing.T) {
	init := graph.Init{Rule: "normal", B: 1}
	a, longer := draw(t, init, 100, 1, "w"), draw(t, init, 200, 1, "w")
	seed, name := draw(t, init, 100, 2, "w"), draw(t, init, 100, 1, "v")
	differSeed, differName := 0, 0
	for i := range a {
		if a[i] != longer[i] {
			t.Fatalf("element %d depends on the length", i)
		}
		if a[i] != seed[i] {
			differSeed++
		}
		if a[i] != name[i] {
			differName++
		}
	}
	if differSeed < 99 || differName < 99 {
		t.Errorf("%d elements depend on the seed and %d on the name, want all", differSeed, differName)
	}
}

// TestInitializeBits pins the bits, which must be the same on every machine.
func TestInitializeBits(t *testing.T) {
	for _, c := range []struct {
		init graph.Init
		want uint64
	}{
		{graph.Init{Rule: "uniform", A: -0.1, B: 0.3}, 0x10b06f5b831557ce},
		{graph.Init{Rule: "normal", A: 0.5, B: 2}, 0x73cc723a0225e653},
		{graph.Init{Rule: "truncated_normal", B: 0.02}, 0x2ae8908652c8df16},
	} {
		h := fnv.New64a()
		binary.Write(h, binary.LittleEndian, draw(t, c.init, 10000, 42, "0.weight"))
		if got := h.Sum64(); got != c.want {
			t.Errorf("%s: the hash of the bits is %#x, want %#x", c.init.Rule, got, c.want)
		}
	}
}

func TestInitializeErrors(t *testing.T) {
	for _, c := range []struct {
		init graph.Init
		n    int
		want string
	}{
		{graph.Init{Rule: "magic"}, 2, `"w": unknown rule "magic"`},
		{graph.Init{Rule: "normal", B: -1}, 2, "deviation -1"},
		{graph.Init{Rule: "uniform", A: math.Inf(-1)}, 2, "want finite"},
		{graph.Init{}, 3, "3 elements, want 2"},
	} {
		err := nn.Initialize(c.init, tensor.Shape{2}, 1, "w", make([]float32, c.n))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
