package dataset_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"

	"github.com/descent-ml/descent/dataset"
)

// A table is split before anything is learnt from it; the loader then reads the
// training rows in an order that the seed gives.
func Example() {
	const text = "size,colour,kind\n1,red,a\n2,blue,b\n3,red,a\n4,blue,b\n5,red,a\n"
	table, err := dataset.ParseTable(strings.NewReader(text), "things.csv", dataset.TableOptions{Target: "kind"})
	if err != nil {
		log.Fatal(err)
	}
	parts, err := dataset.Split(table.Len(), 1, dataset.Part{Name: "test", Fraction: 0.2})
	if err != nil {
		log.Fatal(err)
	}
	schema, err := table.Fit(parts[dataset.TrainPart], dataset.FitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	all, err := schema.Encode(table)
	if err != nil {
		log.Fatal(err)
	}
	train, err := dataset.Subset(all, parts[dataset.TrainPart])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(schema.FeatureNames(), schema.Target.Classes, train.Fields())

	loader, err := dataset.NewLoader(context.Background(), train, dataset.LoaderConfig{
		Batch: 3, Order: dataset.Shuffled(train.Len(), 1), Stop: uint64(2 * train.Len())})
	if err != nil {
		log.Fatal(err)
	}
	defer loader.Close()
	for {
		b, err := loader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("epoch", b.Epoch, "rows", b.Rows)
	}
	// Output:
	// [size colour=blue colour=red] [a b] [x f32 (3) y i32 ()]
	// epoch 0 rows 3
	// epoch 0 rows 1
	// epoch 1 rows 3
	// epoch 1 rows 1
}

func ExampleTableOf() {
	type flower struct {
		Petal   [2]float64
		Colour  string
		Species string `descent:"species,target"`
	}
	table, err := dataset.TableOf(slices.Values([]flower{
		{[2]float64{1.4, 0.2}, "white", "setosa"},
		{[2]float64{4.7, 1.4}, "blue", "versicolor"},
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(table.Names(), table.Target())
	// Output: [Petal.0 Petal.1 Colour species] species
}
