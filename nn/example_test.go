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
