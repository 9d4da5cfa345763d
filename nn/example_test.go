package nn_test

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

func ExampleSequential() {
	model := nn.Sequential(nn.Dense(256), nn.ReLU(), nn.Dropout(0.2), nn.Dense(10))
	rows, err := nn.Summary(model, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{784}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Printf("%s %-13s %-10s %6d parameters %7d FLOPs\n", r.Path, r.Kind, r.Out, r.Params, r.FLOPs)
	}
	// Output:
	// 0 Dense(256)    f32[B 256] 200960 parameters  401408 FLOPs
	// 1 ReLU          f32[B 256]      0 parameters     256 FLOPs
	// 2 Dropout(0.2)  f32[B 256]      0 parameters       0 FLOPs
	// 3 Dense(10)     f32[B 10]    2570 parameters    5120 FLOPs
}

// Images are (H, W, C). Files hold the weights as PyTorch does.
func ExampleConv2d() {
	model := nn.Sequential(nn.Conv2d(16, 3).Stride(2).Pad(1).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2d(2),
		nn.Conv2d(0, 3).Same().Depthwise(), nn.GlobalAvgPool(), nn.Dense(10))
	rows, err := nn.Summary(model, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{32, 32, 3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Printf("%s %-31s %-15s %4d parameters\n", r.Path, r.Kind, r.Out, r.Params)
	}
	// Output:
	// 0 Conv2d(16, 3x3, stride 2, pad 1) f32[B 16 16 16]  432 parameters
	// 1 BatchNorm                       f32[B 16 16 16]   32 parameters
	// 2 ReLU                            f32[B 16 16 16]    0 parameters
	// 3 MaxPool2d(2x2)                  f32[B 8 8 16]      0 parameters
	// 4 Conv2d(3x3, same, depthwise)    f32[B 8 8 16]    160 parameters
	// 5 GlobalAvgPool                   f32[B 16]          0 parameters
	// 6 Dense(10)                       f32[B 10]        170 parameters
}

// A model can be a function: here a network whose two towers share weights.
func ExampleFunc() {
	model := nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		tower := nn.Sequential(nn.Dense(8), nn.Tanh())
		left := c.Apply("tower", tower, c.Slice(x, 0, 4))
		right := c.Apply("tower", tower, c.Slice(x, 4, 4))
		return c.Apply("head", nn.Dense(1), c.Mul(left, right))
	})
	g, err := nn.Forward(model, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{8}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range g.Params() {
		fmt.Println(v.Attr.Name, v.Shape)
	}
	fmt.Println("output", g.Output("pred").Shape)
	// Output:
	// tower.0.weight f32[4 8]
	// tower.0.bias f32[8]
	// head.weight f32[8 1]
	// head.bias f32[1]
	// output f32[B 1]
}

func ExampleCrossEntropy() {
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{4}}, nn.Input{Name: "y", DType: tensor.I32})
	pred := c.Model(nn.Dense(3))
	sum, weights, perExample := nn.Objective(c, nn.CrossEntropy().LabelSmoothing(0.1), pred, c.Inputs["y"], nil)
	fmt.Println(sum.Shape, weights.Shape, perExample.Shape)
	// Output: f64[] f64[] f32[B]
}

// A language model of Llama's form, and the graph that generates with it: 1 new
// token at a time, behind at most 64.
func ExampleGPT() {
	model := nn.GPT(nn.GPTConfig{
		Vocab: 65, Context: 64, Layers: 2, Heads: 4, KVHeads: 2, Dim: 32,
		Norm: "rms", MLP: "swiglu", Positions: "rotary", Tied: true,
	})
	g, err := nn.Forward(model, nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{64}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model, g.Output("pred").Shape)
	for _, v := range g.Params()[:4] {
		fmt.Println(v.Attr.Name, v.Shape)
	}
	decoder, widths, err := nn.Decoder(model, 1, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("caches", widths, "scores", decoder.Output("pred").Shape)
	// Output:
	// GPT(2 layers, 4 heads, 32 channels) f32[B 64 65]
	// transformer.wte.weight f32[65 32]
	// transformer.h.0.ln_1.weight f32[32]
	// transformer.h.0.attn.c_attn.weight f32[32 64]
	// transformer.h.0.attn.c_proj.weight f32[32 32]
	// caches [32 32] scores f32[B 1 65]
}

// A classifier of texts of at most 128 tokens; "length" says where padding begins.
func ExampleEncoder() {
	c := nn.DefaultEncoder()
	c.Vocab, c.Context = 8000, 128
	g, err := nn.Forward(nn.Sequential(nn.Encoder(c), nn.Dense(2)),
		nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{128}}, nn.Input{Name: "length", DType: tensor.I32})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Output("pred").Shape)
	// Output: f32[B 2]
}

// Attention is a layer like any other.
func ExampleAttention() {
	model := nn.Sequential(nn.Attention(4).Causal().Rotary(10000), nn.LayerNorm(), nn.Dense(5))
	rows, err := nn.Summary(model, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{16, 8}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range rows {
		fmt.Println(r.Path, r.Kind, r.Out, r.Params)
	}
	// Output:
	// 0 Attention(4 heads, causal) f32[B 16 8] 0
	// 0.c_attn Dense(24) f32[B 16 24] 216
	// 0.c_proj Dense(8) f32[B 16 8] 72
	// 1 LayerNorm f32[B 16 8] 16
	// 2 Dense(5) f32[B 16 5] 45
}
