package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Learn y = 2·x₀ - x₁ + 1 from examples.
func ExampleFit() {
	const n = 256
	x, y := make([]float32, 2*n), make([]float32, n)
	for i := range n {
		a, b := float32(i%16)/8-1, float32(i/16)/8-1
		x[2*i], x[2*i+1], y[i] = a, b, 2*a-b+1
	}
	ds, err := dataset.New(
		dataset.Column{Name: "x", Data: tensor.Of(x, n, 2)},
		dataset.Column{Name: "y", Data: tensor.Of(y, n, 1)})
	if err != nil {
		log.Fatal(err)
	}
	run, err := train.Fit(context.Background(), train.Config{
		Model:     nn.Dense(1),
		Data:      ds,
		Loss:      nn.MSE(),
		Optimizer: optim.SGD(0.1),
		Batch:     batch.Fixed(32),
		Budget:    train.Epochs(20),
		Out:       train.NoOut,
	})
	if err != nil {
		log.Fatal(err)
	}
	w, b := run.Params["weight"].F32(), run.Params["bias"].F32()
	fmt.Printf("%s after %d updates: y = %.2f·x₀ %+.2f·x₁ %+.2f\n", run.Summary.Stopped, run.Summary.Updates, w[0], w[1], b[0])
	// Output: budget after 160 updates: y = 2.00·x₀ -1.00·x₁ +1.00
}
