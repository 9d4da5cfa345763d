package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// TestSequenceLayers: every layer along positions builds with its options.
func TestSequenceLayers(t *testing.T) {
	conf := mustParse(t, "data: {train: x}\nmodel:"+`
  - {embedding: {rows: 50, dim: 4}}
  - positions
  - {positions: sinusoidal}
  - window
  - {window: 2}
  - {lstm: 3}
  - {lstm: {hidden: 3, direction: both}}
  - {gru: {hidden: 5, direction: backward}}
  - last_pool
`)
	for _, pool := range []string{"mean_pool", "max_pool", "last_pool"} {
		conf.Model[8].Kind = pool
		roundTrip(t, mustParse(t, string(conf.YAML())))
	}
	model, err := conf.BuildModel(&dataset.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := nn.Summary(model, nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{7}}, nn.Input{Name: "length", DType: tensor.I32})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Positions f32[B 7 4]", "Positions(sinusoidal)", "Window(3) f32[B 7 12]", "Window(2) f32[B 7 24]", "LSTM(3) f32[B 7 3]",
		"LSTM(3, both ways) f32[B 7 6]", "GRU(5, backwards) f32[B 7 5]", "LastPool f32[B 5]"} {
		if got := fmt.Sprint(rows); !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// TestEmbeddingOfText: rows: auto are the tokens of the text, and without text
// nothing.
func TestEmbeddingOfText(t *testing.T) {
	c, s := loadText(t, "data: {train: "+textFile(t, 40)+", window: 16}\nmodel: [{embedding: {rows: auto, dim: 8}}, {lstm: 12}, {dense: auto}]\nbatch: 8\noptimizer: {adamw: {lr: 0.02}}")
	built, err := c.BuildTrain(s)
	if err != nil {
		t.Fatal(err)
	}
	built.Budget, built.Out = batch.Updates(60), train.NoOut
	run, err := train.Fit(t.Context(), built)
	if err != nil {
		t.Fatal(err)
	}
	if rows := run.Params["0.weight"].Shape()[0]; rows != s.Schema.Text.Vocab {
		t.Errorf("%d rows of %d tokens", rows, s.Schema.Text.Vocab)
	}
	if loss := run.Summary.Train[0].V; !(loss < 1.5) {
		t.Errorf("loss %v after 60 updates, want less than 1.5", loss)
	}
	_, err = mustParse(t, "data: {train: x}\nmodel: [{embedding: {rows: auto, dim: 8}}]").BuildModel(&dataset.Schema{})
	if err == nil || !strings.Contains(err.Error(), "the data have no text") {
		t.Errorf("error %v of an embedding of no text", err)
	}
}

// TestBranches: a bag beside a network, with sizes from the text; an
// initializer is written only where it was chosen.
func TestBranches(t *testing.T) {
	text := "data: {train: " + textFile(t, 10) + ", window: 8}\nmodel:\n" +
		"  - {concat: [{embedding: {rows: auto, dim: 4}}, {sequential: [{embedding: {rows: 99, dim: 3, init: {normal: {std: 0.1}}}}, tanh]}]}\n" +
		"  - {sum: [{dense: auto}, {sequential: [{dense: 5}, relu, {dense: auto}]}]}"
	c, s := loadText(t, text)
	if _, err := c.BuildTrain(s); err != nil {
		t.Fatal(err)
	}
	yaml := string(c.YAML())
	roundTrip(t, mustParse(t, yaml))
	if n := strings.Count(yaml, "std: 0.1"); n != 1 || strings.Contains(yaml, "init: default}}, {sequential") {
		t.Errorf("%d initializers in\n%s", n, yaml)
	}
	conf := mustParse(t, "data: {train: x}\nmodel: [{bag: {rows: 7, out: 3, grams: 3, buckets: 50, scale: 2, init: {normal: {std: 0.1}}}}]")
	roundTrip(t, mustParse(t, string(conf.YAML())))
	model, err := conf.BuildModel(&dataset.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := nn.Summary(model, nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{7}})
	if got := fmt.Sprint(rows); err != nil || !strings.Contains(got, "Bag(7 tokens, runs of 3) f32[B 3] 321") {
		t.Errorf("%s, %v", got, err)
	}
	_, err = mustParse(t, "data: {train: x}\nmodel: [{bag: 2}]").BuildModel(&dataset.Schema{})
	if err == nil || !strings.Contains(err.Error(), "the bag has rows: auto, but the data have no text") {
		t.Errorf("error %v of a bag of no text", err)
	}
}
