package generate_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/generate"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tokenizer"
	"github.com/descent-ml/descent/train"
)

// A language model is trained from Go and writes.
func ExampleNew() {
	text := strings.Repeat("to be or not to be, that is the question. ", 50)
	tok, err := tokenizer.Chars(text)
	check(err)
	tokens, err := dataset.Tokenize(tok, slices.Values([]string{text}), false)
	check(err)
	data, err := dataset.TrainWindows(tokens, 16, dataset.CutPhases)
	check(err)
	model := nn.Sequential(nn.Embedding(tok.Size(), 16), nn.LSTM(32), nn.Dense(tok.Size()))
	run, err := train.Fit(context.Background(), train.Config{
		Model: model, Data: data, Loss: nn.CrossEntropy(), Optimizer: optim.AdamW(1e-2),
		Batch: batch.Fixed(16), Budget: batch.Updates(200), Out: train.NoOut,
	})
	check(err)

	eng, err := train.NewEngine(train.Exec{})
	check(err)
	defer eng.Close()
	graph, _, err := nn.Decoder(model, 1, 16)
	check(err)
	vars, err := train.NewVars(eng, graph, run.Params)
	check(err)
	g, err := generate.New(eng, vars, model, tok, generate.Config{Context: 16})
	check(err)
	for piece, err := range g.Generate(context.Background(), "to be", generate.Options{Stop: []string{"."}}) {
		check(err)
		fmt.Print(piece.Text)
	}
	// Output: or not to be, that is the question
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
