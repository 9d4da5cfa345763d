package dataset_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tokenizer"
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

// A text is cut into windows for training, another way in each epoch, and for
// an evaluation, where every token is a target once.
func ExampleTrainWindows() {
	const text = "to be, or not to be, that is the question"
	tok, err := tokenizer.Chars(text)
	if err != nil {
		log.Fatal(err)
	}
	tokens, err := dataset.Tokenize(tok, slices.Values([]string{text}), false)
	if err != nil {
		log.Fatal(err)
	}
	windows, err := dataset.TrainWindows(tokens, 8, dataset.CutPhases)
	if err != nil {
		log.Fatal(err)
	}
	order, batch := windows.Order(1), dataset.NewBuffers(windows.Fields(), 1)
	for epoch := range 2 {
		if err := windows.Gather(batch, 0, []int{order.At(epoch, 0)}); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("epoch %d: %q -> %q\n", epoch, tok.Decode(batch[0].I32()), tok.Decode(batch[1].I32()))
	}
	val, err := dataset.EvalWindows(tokens, 16)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(windows.Len(), windows.Fields(), val.Len(), val.Fields())
	// Output:
	// epoch 0: " is the " -> "is the q"
	// epoch 1: "o be, th" -> " be, tha"
	// 4 [x i32 (8) y i32 (8)] 3 [x i32 (16) y i32 (16) weight f32 (16)]
}

// A column of texts becomes tokens by a tokenizer that the schema keeps.
func ExampleTextOptions() {
	const text = "label,body\nspam,Free entry! Win now\nham,see you at home\nspam,win a free prize\nham,home at last\n"
	table, err := dataset.ParseTable(strings.NewReader(text), "sms.csv", dataset.TableOptions{})
	if err != nil {
		log.Fatal(err)
	}
	schema, err := table.Fit([]int{0, 1, 2, 3}, dataset.FitOptions{Text: &dataset.TextOptions{Column: "body"}})
	if err != nil {
		log.Fatal(err)
	}
	ds, err := schema.Encode(table)
	if err != nil {
		log.Fatal(err)
	}
	batch := dataset.NewBuffers(ds.Fields(), 1)
	if err := ds.Gather(batch, 0, []int{2}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ds.Fields(), batch[0].I32(), batch[1].I32(), batch[2].I32())
	// Output: [x i32 (5) length i32 () y i32 ()] [5 7 3 11 0] [4] [1]
}
