package nn_test

import (
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// recurrentCase is a case of recurrent.json: the parameters are inputs.
type recurrentCase struct {
	Name, Op string
	Config   struct {
		Hidden        int
		Bidirectional bool
	}
	Inputs  map[string]array
	Output  array
	Dy      array
	Grads   map[string]array
	Float32 float64 `json:"float32_error"`
}

// ours returns an array in our layout: weights are transposed.
func (k *recurrentCase) ours(name string, a array) []float64 {
	if strings.HasPrefix(name, "weight") {
		return a.transposed()
	}
	return a.Data
}

// masked sets what is behind the length of an example to 0: PyTorch gives 0
// there, and our output has no meaning.
func (k *recurrentCase) masked(a []float64) []float64 {
	lengths, ok := k.Inputs["lengths"]
	if !ok {
		return a
	}
	a = append([]float64(nil), a...)
	t, cols := k.Output.Shape[1], k.Output.Shape[2]
	for e, n := range lengths.Data {
		clear(a[(e*t+int(n))*cols : (e+1)*t*cols])
	}
	return a
}

// graph returns the outputs "y" and "d" + name for each gradient, the
// variables and the inputs.
func (k *recurrentCase) graph() (b *graph.Builder, vars, in map[string][]float64) {
	x := k.Inputs["x"]
	fields := []nn.Input{{Name: "x", DType: tensor.F32, Shape: x.Shape[1:]}, {Name: "dy", DType: tensor.F32, Shape: k.Output.Shape[1:]}}
	in = map[string][]float64{"x": x.Data, "dy": k.masked(k.Dy.Data)}
	if n, ok := k.Inputs["lengths"]; ok {
		fields = append(fields, nn.Input{Name: "length", DType: tensor.I32})
		in["length"] = n.Data
	}
	l := map[string]func(int) nn.RecurrentLayer{"lstm": nn.LSTM, "gru": nn.GRU}[k.Op](k.Config.Hidden)
	if k.Config.Bidirectional {
		l = l.Bidirectional()
	}
	b = new(graph.Builder)
	c := nn.NewContext(b, true, fields...)
	y := c.Model(l)
	b.Output("y", y)
	wrt := append(c.Params(), c.Inputs["x"])
	for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), wrt) {
		b.Output("d"+wrt[i].Attr.Name, g)
	}
	vars = map[string][]float64{}
	for name, a := range k.Inputs {
		vars[name] = k.ours(name, a)
	}
	return b, vars, in
}

// TestGoldenRecurrent compares LSTM and GRU, in both directions and with
// padding, with PyTorch: in float64 to the last digits, in float32 to about
// PyTorch's own error.
func TestGoldenRecurrent(t *testing.T) {
	var file struct{ Cases []recurrentCase }
	load(t, "recurrent.json", &file)
	if len(file.Cases) < 12 {
		t.Fatalf("%d cases, want more", len(file.Cases))
	}
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range file.Cases {
		rows := k.Output.Shape[0]
		b, vars, in := k.graph()
		exact := evaluate(t, b, vars, rows, in)
		b, vars, in = k.graph()
		float := evaluateCPU(t, e, b, vars, rows, in)
		check := func(what, name string, want []float64) {
			t.Helper()
			got, got32 := exact[name], float[name]
			if name == "y" {
				got, got32 = k.masked(got), k.masked(got32)
			}
			sameValues(t, k.Name+": "+what, got, want)
			closeValues(t, k.Name+": "+what+" in float32", got32, want, float32Tolerance(k.Float32))
		}
		check("output", "y", k.Output.Data)
		for name, g := range k.Grads {
			check("gradient of "+name, "d"+name, k.ours(name, g))
		}
	}
}

// TestBackwards is a layer that reads from the end: the other half of one that
// reads both ways.
func TestBackwards(t *testing.T) {
	run := func(l nn.Layer, rename bool) []float64 {
		var b graph.Builder
		c := nn.NewContext(&b, false, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{3, 2}}, nn.Input{Name: "length", DType: tensor.I32})
		b.Output("y", c.Model(l))
		vars := map[string][]float64{}
		for _, v := range b.Vars() {
			name := strings.TrimSuffix(v.Attr.Name, "_reverse")
			if rename && name == v.Attr.Name {
				vars[v.Attr.Name] = make([]float64, v.Shape.Size())
				continue
			}
			vars[v.Attr.Name] = ramp(v.Shape.Size(), float64(len(name)))
		}
		return evaluate(t, &b, vars, 2, map[string][]float64{"x": ramp(12, 1), "length": {2, 3}})["y"]
	}
	for _, l := range []nn.RecurrentLayer{nn.LSTM(2), nn.GRU(2)} {
		one, both := run(l.Reverse(), false), run(l.Bidirectional(), true)
		for i, want := range one {
			if got := both[i/2*4+2+i%2]; got != want {
				t.Errorf("%v: element %d backwards is %v, and %v beside another", l, i, want, got)
			}
		}
	}
}

// ramp returns n numbers around 0.
func ramp(n int, step float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = (float64(i*7%11) - 5) * step / 50
	}
	return x
}
