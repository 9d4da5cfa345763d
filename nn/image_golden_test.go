package nn_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// imageCase is a case of images.json.
type imageCase struct {
	Name          string
	Params        map[string]array
	X, Output, Dy array
	Grads         map[string]array
	Float32       float64 `json:"float32_error"`
}

// imageLayers are the layers of the cases.
var imageLayers = map[string]nn.Layer{
	"conv":                nn.Conv2d(4, 3).Pad(1),
	"conv stride":         nn.Conv2d(5, 3).Stride(2).Pad(1).NoBias(),
	"conv dilation":       nn.Conv2d(3, 3).Dilation(2).Pad(2),
	"conv groups":         nn.Conv2d(6, 3).Groups(2),
	"conv depthwise":      nn.Conv2d(0, 3).Stride(2).Pad(1).Depthwise(),
	"conv multiplier":     nn.Conv2d(6, 3).Pad(1).Depthwise(),
	"conv 1x1":            nn.Conv2d(5, 1),
	"conv 1x1 stride":     nn.Conv2d(5, 1).Stride(2),
	"conv oblong":         nn.Conv2d(3, 1).Kernel(1, 5).Pads(0, 0, 2, 2),
	"conv same":           nn.Conv2d(3, 4).Same(),
	"conv standardized":   nn.Conv2d(4, 3).Pad(1).Standardized(),
	"conv1d":              nn.Conv1d(4, 3).Stride(2).Pad(1),
	"conv1d groups":       nn.Conv1d(4, 3).Groups(2).Dilation(2),
	"transposed":          nn.ConvTranspose2d(4, 4).Stride(2).Pad(1),
	"transposed groups":   nn.ConvTranspose2d(6, 3).Stride(2).Pad(1).OutputPad(1).Groups(2),
	"transposed dilation": nn.ConvTranspose2d(3, 3).Dilation(2).NoBias(),
	"max":                 nn.MaxPool2d(2),
	"max overlapping":     nn.MaxPool2d(3).Stride(2).Pad(1),
	"avg":                 nn.AvgPool2d(2),
	"avg overlapping":     nn.AvgPool2d(3).Stride(2).Pad(1),
	"avg inside":          nn.AvgPool2d(3).Stride(1).Pad(1).Inside(),
	"adaptive avg":        nn.AdaptiveAvgPool2d(3, 2),
	"adaptive max":        nn.AdaptiveMaxPool2d(2, 3),
	"global avg":          nn.GlobalAvgPool(),
	"global max":          nn.GlobalMaxPool(),
	"group norm":          nn.GroupNorm(2),
	"group norm all":      nn.GroupNorm(1),
	"group norm each":     nn.GroupNorm(4).Eps(1e-3),
	"squeeze excite":      nn.SqueezeExcite(4),
	"hard swish":          nn.HardSwish(),
	"shortcut":            nn.Shortcut(nn.Conv2d(4, 1).Stride(2), nn.Conv2d(4, 3).Stride(2).Pad(1), nn.ReLU(), nn.Conv2d(4, 3).Pad(1)),
	"flatten":             nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Dense(3)),
}

// channelsLast returns values of examples (N, C, H, W) or (N, C, T) with the
// channels as the last axis, and the axes of an example; others stay.
func channelsLast(a array) (data []float64, axes tensor.Shape) {
	if len(a.Shape) < 3 {
		return a.Data, a.Shape[1:]
	}
	c := a.Shape[1]
	axes = append(append(tensor.Shape{}, a.Shape[2:]...), c)
	pixels := axes.Size() / c
	data = make([]float64, len(a.Data))
	for i, v := range a.Data {
		n, ch, p := i/(c*pixels), i/pixels%c, i%pixels
		data[(n*pixels+p)*c+ch] = v
	}
	return data, axes
}

// layoutsOf says how files hold the variables of a graph.
func layoutsOf(g *graph.Graph) map[string]checkpoint.Layout {
	layouts := map[string]checkpoint.Layout{}
	for _, v := range g.Params() {
		if v.Attr.Init.Transposed {
			layouts[v.Attr.Name] = checkpoint.Layout{Channels: v.Attr.Init.Channels}
		}
	}
	return layouts
}

// fromTorch returns arrays of a file of PyTorch in the layout of the engine.
func fromTorch(t *testing.T, g *graph.Graph, arrays map[string]array) map[string][]float64 {
	t.Helper()
	ts, layouts := checkpoint.Tensors{}, layoutsOf(g)
	for name, a := range arrays {
		ts[name] = tensor.Of(a.Data, a.Shape...)
	}
	for name := range layouts {
		if ts[name] == nil {
			t.Fatalf("the file has no %q", name)
		}
	}
	ours, err := checkpoint.FromFile(ts, layouts)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float64{}
	for name, x := range ours {
		values[name] = x.F64()
	}
	return values
}

// graph builds the outputs "y" and "d" + name for each gradient.
func (k *imageCase) graph(t *testing.T) *graph.Builder {
	b := new(graph.Builder)
	_, in := channelsLast(k.X)
	_, out := channelsLast(k.Dy)
	c := nn.NewContext(b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: in}, nn.Input{Name: "dy", DType: tensor.F32, Shape: out})
	l := imageLayers[k.Name]
	if l == nil {
		t.Fatalf("no layer for the case")
	}
	y := c.Model(l)
	b.Output("y", y)
	wrt := append(c.Params(), c.Inputs["x"])
	for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), wrt) {
		b.Output("d"+wrt[i].Attr.Name, g)
	}
	return b
}

// TestGoldenImages compares layers of images with PyTorch: in float64 to the last
// digits, in float32 to about PyTorch's own error. Weights and gradients pass
// through the layout of files.
func TestGoldenImages(t *testing.T) {
	var file struct{ Cases []imageCase }
	load(t, "images.json", &file)
	if len(file.Cases) != len(imageLayers) {
		t.Fatalf("%d cases, want %d", len(file.Cases), len(imageLayers))
	}
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range file.Cases {
		t.Run(k.Name, func(t *testing.T) {
			rows := k.X.Shape[0]
			b := k.graph(t)
			g, err := b.Build()
			if err != nil {
				t.Fatal(err)
			}
			x, _ := channelsLast(k.X)
			dy, _ := channelsLast(k.Dy)
			vars, in := fromTorch(t, g, k.Params), map[string][]float64{"x": x, "dy": dy}
			exact, float := evaluate(t, b, vars, rows, in), evaluateCPU(t, e, k.graph(t), vars, rows, in)
			want, _ := channelsLast(k.Output)
			wants := map[string][]float64{"y": want}
			dx, _ := channelsLast(k.Grads["x"])
			params := map[string]array{}
			for name, a := range k.Grads {
				if name != "x" {
					params[name] = a
				}
			}
			for name, v := range fromTorch(t, g, params) {
				wants["d"+name] = v
			}
			wants["dx"] = dx
			for name, want := range wants {
				sameValues(t, name, exact[name], want)
				closeValues(t, name+" in float32", float[name], want, float32Tolerance(k.Float32))
			}
			if len(exact) != len(wants) {
				t.Errorf("%d outputs, want %d", len(exact), len(wants))
			}
		})
	}
}

// netTensor is a tensor of a case of imagenets.json: its values are a function of
// its number, the gradient is given by its product with a probe.
type netTensor struct {
	Number         int
	Shape          tensor.Shape
	Scale, Shift   float64
	Probe, Largest *float64
	Norm           float64
}

// netValues are the values of golden_images.py.
func netValues(number, n int, scale, shift float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		u := uint32((uint64(i+1)*2654435761 + uint64(number+1)*40503*65537) >> 16 & 0xffff)
		v[i] = shift + scale*(float64(u)/65536-0.5)
	}
	return v
}

// netModels are the nets of imagenets.json.
var netModels = map[string]nn.Layer{
	"resnet20":       nn.ResNet(20, 10),
	"resnet20 train": nn.ResNet(20, 10),
	"resnet18":       nn.ResNet18(5),
	"mobilenet":      nn.MobileNetSmall(5),
}

// TestGoldenImageNets compares whole nets with PyTorch's and torchvision's:
// parameters come from a file with their names and layouts and go back into one
// with the same bytes; outputs and gradients agree in float32.
func TestGoldenImageNets(t *testing.T) {
	var file struct {
		Cases []struct {
			Name    string
			Train   bool
			X       tensor.Shape
			Tensors map[string]netTensor
			Output  array
			Float32 float64 `json:"float32_error"`
		}
	}
	load(t, "imagenets.json", &file)
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range file.Cases {
		t.Run(k.Name, func(t *testing.T) {
			rows, tolerance := k.X[0], 20*math.Max(k.Float32, 1e-6)
			x, axes := channelsLast(array{k.X, netValues(1000, k.X.Size(), 2, 0)})
			b := new(graph.Builder)
			c := nn.NewContext(b, k.Train, nn.Input{Name: "x", DType: tensor.F32, Shape: axes}, nn.Input{Name: "dy", DType: tensor.F32, Shape: k.Output.Shape[1:]})
			y := c.Model(netModels[k.Name])
			b.Output("y", y)
			for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), c.Params()) {
				b.Output("d"+c.Params()[i].Attr.Name, g)
			}
			g, err := b.Build()
			if err != nil {
				t.Fatal(err)
			}
			torch := checkpoint.Tensors{}
			for name, n := range k.Tensors {
				torch[name] = floats(netValues(n.Number, n.Shape.Size(), n.Scale, n.Shift), n.Shape)
			}
			if k.Name == "resnet20" {
				torch = throughFile(t, torch)
			}
			vars := adoptNet(t, g, torch)
			got := evaluateCPU(t, e, b, vars, rows, map[string][]float64{"x": x, "dy": netValues(1001, len(k.Output.Data), 2, 0)})
			closeValues(t, "output", got["y"], k.Output.Data, tolerance)
			for name, n := range k.Tensors {
				if n.Probe == nil {
					continue
				}
				d := asFile(t, g, name, got["d"+name])
				sum, largest, square := 0.0, 0.0, 0.0
				for i, p := range netValues(bytesOf(name), len(d), 2, 0) {
					sum, largest, square = sum+p*d[i], math.Max(largest, math.Abs(d[i])), square+d[i]*d[i]
				}
				if norm := math.Sqrt(square); math.Abs(sum-*n.Probe) > tolerance*(1+n.Norm) || math.Abs(largest-*n.Largest) > tolerance*(1+n.Norm) || math.Abs(norm-n.Norm) > tolerance*(1+n.Norm) {
					t.Errorf("gradient of %s: probe %v, largest %v, norm %v; want %v, %v, %v within %.1g", name, sum, largest, norm, *n.Probe, *n.Largest, n.Norm, tolerance*(1+n.Norm))
				}
			}
		})
	}
}

func bytesOf(name string) (sum int) {
	for _, b := range []byte(name) {
		sum += int(b)
	}
	return sum
}

func floats(v []float64, shape tensor.Shape) *tensor.Tensor {
	x := tensor.New(tensor.F32, shape...)
	for i := range v {
		x.F32()[i] = float32(v[i])
	}
	return x
}

// throughFile writes tensors to a file and reads them.
func throughFile(t *testing.T, ts checkpoint.Tensors) checkpoint.Tensors {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := checkpoint.WriteTensors(path, ts, nil); err != nil {
		t.Fatal(err)
	}
	read, _, err := checkpoint.ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// adoptNet returns the variables of a graph from PyTorch's tensors: all of them,
// and no more. They go back to the same tensors.
func adoptNet(t *testing.T, g *graph.Graph, torch checkpoint.Tensors) map[string][]float64 {
	t.Helper()
	ours, err := checkpoint.FromFile(torch, layoutsOf(g))
	if err != nil {
		t.Fatal(err)
	}
	if len(ours) != len(g.Params()) {
		t.Fatalf("the file has %d tensors, the model %d", len(ours), len(g.Params()))
	}
	vars := map[string][]float64{}
	for _, v := range g.Params() {
		x := ours[v.Attr.Name]
		if x == nil || !x.Shape().Equal(v.Shape.Dims) {
			t.Fatalf("%q is %v in the file, and the model has %v", v.Attr.Name, x, v)
		}
		vars[v.Attr.Name] = convert[float64](x.F32())
	}
	back, err := checkpoint.ToFile(ours, layoutsOf(g))
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range torch {
		if y := back[name]; !y.Shape().Equal(x.Shape()) || !slices.Equal(x.F32(), y.F32()) {
			t.Fatalf("%q, %v, is written back as another %v", name, x, y)
		}
	}
	return vars
}

// asFile returns the gradient of a parameter in the layout of files.
func asFile(t *testing.T, g *graph.Graph, name string, d []float64) []float64 {
	t.Helper()
	l, ok := layoutsOf(g)[name]
	if !ok {
		return d
	}
	for _, v := range g.Params() {
		if v.Attr.Name == name {
			file, err := checkpoint.ToFile(checkpoint.Tensors{name: tensor.Of(d, v.Shape.Dims...)}, map[string]checkpoint.Layout{name: l})
			if err != nil {
				t.Fatal(err)
			}
			return file[name].F64()
		}
	}
	return d
}
