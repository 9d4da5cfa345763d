package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// image is the field of an image.
func image(h, w, c int) nn.Input {
	return nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{h, w, c}}
}

// TestImageModels: the nets have the parameters of their papers, and the shapes
// between their parts.
func TestImageModels(t *testing.T) {
	for _, c := range []struct {
		model  nn.Layer
		image  nn.Input
		params int64
		shapes map[string]string // of some layers' outputs
	}{
		{nn.LeNet(10), image(28, 28, 1), 61706, map[string]string{"2": "f32[B 14 14 6]", "6": "f32[B 400]"}},
		{nn.ResNet(20, 10), image(32, 32, 3), 269722, map[string]string{"layer2.0": "f32[B 16 16 32]", "layer3": "f32[B 8 8 64]"}},
		{nn.ResNet(110, 10), image(32, 32, 3), 1727962, nil},
		{nn.ResNet18(1000), image(224, 224, 3), 11689512, map[string]string{"maxpool": "f32[B 56 56 64]", "layer4": "f32[B 7 7 512]"}},
		{nn.MobileNetSmall(1000), image(224, 224, 3), 2542856, map[string]string{"features.0": "f32[B 112 112 16]", "features.12": "f32[B 7 7 576]"}},
	} {
		rows, err := nn.Summary(c.model, c.image)
		if err != nil {
			t.Errorf("%v: %v", c.model, err)
			continue
		}
		params := int64(0)
		for _, r := range rows {
			params += r.Params
			if want := c.shapes[r.Path]; want != "" && r.Out.String() != want {
				t.Errorf("%v: %s gives %v, want %s", c.model, r.Path, r.Out, want)
			}
		}
		if params != c.params {
			t.Errorf("%v has %d parameters, want %d", c.model, params, c.params)
		}
	}
}

// TestFlattenedImage: a dense layer behind an image, and behind functions of
// each of its elements, has PyTorch's order of inputs in files; another has not.
func TestFlattenedImage(t *testing.T) {
	for _, c := range []struct {
		name     string
		image    nn.Input
		layers   []nn.Layer
		channels int
	}{
		{"straight", image(4, 5, 3), []nn.Layer{nn.Flatten(), nn.Dense(2)}, 3},
		{"functions between", image(4, 5, 3), []nn.Layer{nn.Flatten(), nn.ReLU(), nn.Dropout(0.5), nn.LeakyReLU(0.1), nn.Dense(2)}, 3},
		{"second", image(4, 5, 3), []nn.Layer{nn.Flatten(), nn.Dense(60), nn.ReLU(), nn.Dense(2)}, 0},
		{"gray", image(4, 5, 1), []nn.Layer{nn.Flatten(), nn.Dense(2)}, 0},
		{"no Flatten", image(4, 5, 3), []nn.Layer{nn.Reshape(60), nn.Dense(2)}, 0},
	} {
		var b graph.Builder
		nn.NewContext(&b, true, c.image).Model(nn.Sequential(c.layers...))
		g, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range g.Vars {
			last := len(c.layers) - 1
			if strings.HasPrefix(v.Attr.Name, string(rune('0'+last))) && v.Attr.Init.Transposed && v.Attr.Init.Channels != c.channels {
				t.Errorf("%s: %d channels, want %d", c.name, v.Attr.Init.Channels, c.channels)
			}
		}
	}
}

// TestImageMistakes: impossible layers are refused with a reason.
func TestImageMistakes(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		field nn.Input
		want  string
	}{
		{nn.Conv2d(8, 3), nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{784}}, "1 axes, want an image (H, W, C)"},
		{nn.Conv2d(0, 3), image(4, 4, 2), "0 outputs, want at least 1"},
		{nn.Conv2d(8, 0), image(4, 4, 2), "kernels of 0 x 0, want at least 1"},
		{nn.Conv2d(8, 3).Groups(3), image(4, 4, 2), "2 channels in and 8 out, want multiples of 3 groups"},
		{nn.Conv2d(3, 3).Depthwise(), image(4, 4, 2), "nn.Conv2d(f32[B 4 4 2]): 2 channels in and 3 out, want multiples of 2 groups"},
		{nn.Conv2d(8, 9), image(4, 4, 2), "does not fit"},
		{nn.Conv2d(8, 3).Stride(0), image(4, 4, 2), "stride [0 0]"},
		{nn.ConvLayer{}, image(4, 4, 2), "make the layer with Conv2d or Conv1d"},
		{nn.Conv1d(8, 3), image(4, 4, 2), "3 axes, want positions and channels (T, C)"},
		{nn.MaxPool2d(5), image(4, 4, 2), "do not fit into 4x4"},
		{nn.AvgPool2d(2).Pad(2), image(4, 4, 2), "padding"},
		{nn.GlobalAvgPool(), nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{8}}, "want an image (H, W, C)"},
		{nn.ConvTranspose2d(4, 3).OutputPad(1), image(4, 4, 2), "output padding 1"},
		{nn.ConvTranspose2d(4, 2).Pad(9), image(4, 4, 2), "leaves nothing"},
		{nn.ConvTranspose2d(4, 3).Groups(3), image(4, 4, 2), "want multiples of 3 groups"},
		{nn.GroupNorm(3), image(4, 4, 2), "3 groups, want a divisor of the 2 channels"},
		{nn.SqueezeExcite(0), image(4, 4, 2), "want at least 1 of one"},
		{nn.ResNet(21, 10), image(32, 32, 3), "depth 21, want 6n + 2"},
		{nn.Shortcut(nn.Conv2d(4, 1), nn.Conv2d(5, 1)), image(4, 4, 2), "want one shape"},
		{nn.Dropout2d(1), image(4, 4, 2), "nn.Dropout2d"},
	} {
		_, err := nn.Forward(c.layer, c.field)
		if err == nil {
			var b graph.Builder
			nn.NewContext(&b, true, c.field).Model(c.layer)
			_, err = b.Build()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want an error with %q", c.layer, err, c.want)
		}
	}
}

// TestImageInit: weights and biases start as PyTorch's, from the inputs of an
// output, (in/groups)·kh·kw; a transposed convolution's are k·k·out/groups.
func TestImageInit(t *testing.T) {
	for _, c := range []struct {
		layer         nn.Layer
		field         nn.Input
		weight, bound float64
	}{
		{nn.Conv2d(8, 3), image(5, 5, 4), 36, 0},
		{nn.Conv2d(8, 3).Groups(2).Kernel(3, 1), image(5, 5, 4), 6, 0},
		{nn.Conv2d(8, 5).Depthwise(), image(5, 5, 4), 25, 0},
		{nn.Conv1d(8, 3), nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{6, 4}}, 12, 0},
		{nn.ConvTranspose2d(8, 3).Groups(2), image(5, 5, 4), 36, 0},
		{nn.Conv2d(8, 3).Init(nn.KaimingNormalOut()), image(5, 5, 4), 72, math.Sqrt(2.0 / 72)},
	} {
		var b graph.Builder
		ctx := nn.NewContext(&b, true, c.field)
		ctx.Model(c.layer)
		for _, p := range ctx.Params() {
			init, want := p.Attr.Init, 1/math.Sqrt(c.weight)
			if c.bound > 0 && p.Attr.Name == "weight" {
				if init.Rule != "normal" || init.B != c.bound {
					t.Errorf("%v: %s starts as %v, want N(0, %v²)", c.layer, p.Attr.Name, init, c.bound)
				}
			} else if c.bound == 0 && (init.Rule != "uniform" || init.B != want || init.A != -want) {
				t.Errorf("%v: %s starts as %v, want U(-%v, %v)", c.layer, p.Attr.Name, init, want, want)
			}
		}
	}
}
