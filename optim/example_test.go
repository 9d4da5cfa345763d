package optim_test

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/optim"
)

// A rule is a chain of links, which Build adds to a graph for each parameter.
func ExampleAdamW() {
	o := optim.AdamW(1e-3).WeightDecay(0.1).WithClipNorm(1).WithGroups(optim.NoDecay()).
		WithSchedule(optim.WarmUp(0.05, optim.Cosine(0)))

	var b graph.Builder
	w, g := b.Param("weight", graph.Init{}, 2, 3), b.StateVar("gradient", graph.Init{}, 2, 3)
	update, err := o.Build(&b, []*graph.Node{w}, []*graph.Node{g}, b.Const64(1), b.Const64(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range b.Vars() {
		fmt.Println(v.Attr.Name, v.Shape)
	}
	fmt.Printf("learning rate halfway: %.6f\n", update.LR(optim.Progress{Update: 500, Fraction: 0.5, Step: 0.001}))
	// Output:
	// weight f32[2 3]
	// gradient f32[2 3]
	// optim/weight/m f32[2 3]
	// optim/weight/v f32[2 3]
	// learning rate halfway: 0.000541
}

// Any Transform can be a link: here one that forgets small gradients.
func ExampleTransform() {
	o := optim.Optimizer{LR: 0.1, Chain: []optim.Transform{threshold(0.5), optim.Trace{Mu: 0.9}}}
	fmt.Println(o.Validate())
	// Output: <nil>
}

type threshold float64

func (t threshold) Update(c *optim.Context, p, u *graph.Node) *graph.Node {
	return c.Select(c.Gt(c.Abs(u), c.Const(float64(t))), u, c.Const(0))
}

func ExampleOptimizer_Validate() {
	fmt.Println(optim.SGD(0).Momentum(0.9).Validate())
	// Output: optim: learning rate 0, want a finite number above 0
}

// What a rule makes of a batch of 256 where the settings are meant for 64, and
// of a batch that is all noise, or none.
func ExampleCoupling() {
	at := optim.Progress{Scale: 256.0 / 64}
	fmt.Println(optim.LinearRate().Rate(at), optim.SquareRoot().Rate(at), optim.SquareRoot().WithDecay().Decay(at))
	for _, noise := range [][2]float64{{9, 0}, {64, 1}, {0, 1}} {
		at.Gain = optim.Gain(noise[0], noise[1], 64, 256)
		fmt.Println(optim.AdaScale().Rate(at))
	}
	// Output:
	// 4 2 2
	// 4
	// 1.6
	// 1
}
