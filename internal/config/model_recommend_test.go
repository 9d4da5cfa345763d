package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// pairFields are the inputs of a model of users and items.
var pairFields = []nn.Input{{Name: "user", DType: tensor.I32}, {Name: "item", DType: tensor.I32, Shape: tensor.Shape{3}}}

// TestRecommendModels: the users, items and mean of the data go where the
// configuration leaves them open, and are written down.
func TestRecommendModels(t *testing.T) {
	for model, want := range map[string]string{
		"{mf: {dim: 8}}": "MF(50 users, 70 items, 8) 3.25",
		"{mf: {dim: 8, users: 60, items: 80, mean: 2}}": "MF(60 users, 80 items, 8) 2",
		"{gmf: 8}": "GMF(50 users, 70 items, 8)",
		"{neumf: {dim: 8, hidden: [16, 8], dropout: 0.1}}":      "NeuMF(50 users, 70 items, 8)",
		"{neumf: {dim: 8, hidden: auto}}":                       "NeuMF(50 users, 70 items, 8)",
		"{bpr: 16}":                                             "BPRMF(50 users, 70 items, 16)",
		"{bpr: {dim: 4, init: {normal: {mean: 0, std: 0.01}}}}": "BPRMF(50 users, 70 items, 4)",
	} {
		c := mustParse(t, "data: {train: x}\nmodel: "+model)
		settle(c.Model, &modelContext{users: 50, items: 70, mean: 3.25})
		c = mustParse(t, string(c.YAML()))
		roundTrip(t, c)
		built, err := c.BuildModel(&dataset.Schema{})
		if err != nil {
			t.Errorf("%s: %v", model, err)
			continue
		}
		g, err := nn.Forward(built, pairFields...)
		if err != nil {
			t.Errorf("%s: %v", model, err)
			continue
		}
		got := fmt.Sprint(built)
		for _, v := range g.Vars {
			if v.Attr.Name == "mean" {
				got += fmt.Sprint(" ", v.Attr.Init.A)
			}
		}
		if !g.Output("pred").Shape.Equal(graph.F32(graph.Batch, 3)) || got != want {
			t.Errorf("%s: %s gives %v, want %s", model, got, g.Output("pred").Shape, want)
		}
	}
}

// TestRecommendMistakes: a model of interactions says what it lacks.
func TestRecommendMistakes(t *testing.T) {
	m := &modelContext{users: 5, items: 7}
	for model, want := range map[string]string{
		"{mf: 8}":                      "the model mf learns from interactions of users with items, but the data are none",
		"{mf: {dim: 8, users: 3}}":     "mf: users: 3, but the data have 5",
		"{bpr: {dim: 8, items: 6}}":    "bpr: items: 6, but the data have 7",
		"{mf: {dim: 8, mean: high}}":   "got high (want a number finite)",
		"{bpr: {users: 8}}":            "dim",
		"{mf: {dim: 8, embedding: 1}}": "embedding",
	} {
		c, err := Parse("test", []byte("data: {train: x}\nmodel: "+model))
		if err == nil {
			data := *m
			if strings.Contains(want, "are none") {
				data = modelContext{}
			}
			data.model(c.Model, c.lone)
			err = data.err
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", model, err, want)
		}
	}
}
