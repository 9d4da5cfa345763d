package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/digits"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/train"
)

// Example is the one in the README: from data to a trained, tested model.
func Example() {
	data, _, err := digits.Load() // or a table, IDX and NPY files, slices, structs
	if err != nil {
		log.Fatal(err)
	}
	parts, _ := dataset.Split(data.Len(), 1, dataset.Part{Name: "test", Fraction: 0.2})
	training, _ := dataset.Subset(data, parts["train"])
	test, _ := dataset.Subset(data, parts["test"])
	run, err := train.Fit(context.Background(), train.Config{
		Model: nn.Sequential(nn.Dense(256), nn.ReLU(), nn.Dropout(0.4), nn.Dense(10)),
		Data:  training, Test: test, Loss: nn.CrossEntropy(), Optimizer: optim.AdamW(1e-3),
		Batch: batch.Fixed(32), Budget: train.Epochs(40), Out: train.NoOut, // or a folder
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", run.Summary.Test[1].V) // loss, accuracy
	// Output: 0.97
}
