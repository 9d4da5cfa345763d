package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// pairFields are the inputs of a model of users and items.
var pairFields = []nn.Input{{Name: "user", DType: tensor.I32}, {Name: "item", DType: tensor.I32, Shape: tensor.Shape{3}}}

// TestRecommendModels: the users, items and mean of the data go where the
// configuration leaves them open, and are written down.
func TestRecommendModels(t *testing.T) {
	for model, want := range map[string]string{
		"{mf: {dim: 8}}": "MF(50 users, 70 items, 8) 3.25",
		"{mf: {dim: 8, users: 60, items: 80, mean: 2, sparse: false}}": "MF(60 users, 80 items, 8) 2",
		"{gmf: 8}": "GMF(50 users, 70 items, 8)",
		"{neumf: {dim: 8, hidden: [16, 8], dropout: 0.1}}":                                              "NeuMF(50 users, 70 items, 8)",
		"{neumf: {dim: 8, hidden: auto}}":                                                               "NeuMF(50 users, 70 items, 8)",
		"{two_tower: {dim: 4, user_hidden: [8, 6], item_hidden: 6, normalize: true, temperature: 0.1}}": "TwoTower(50 users, 70 items, 4)",
		"{two_tower: {dim: 4, features: false}}":                                                        "TwoTower(50 users, 70 items, 4)",
		"{fm: {dim: 5, sparse: false}}":                                                                 "FM(5)",
		"{deepfm: {dim: 5, hidden: [8], dropout: 0.2}}":                                                 "DeepFM(5)",
		"{dlrm: {dim: 5, bottom: 8, top: [8, 4]}}":                                                      "DLRM(5)",
		"{bpr: 16}": "BPRMF(50 users, 70 items, 16)",
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

// pairedTable is a table whose targets depend on a number and a word together.
func pairedTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("n,word,class,value\n")
	for i := range 300 {
		n := float64(i*7%31)/15 - 1
		sign := float64(i%2*2 - 1)
		fmt.Fprintf(&b, "%g,%s,%s,%g\n", n, []string{"a", "b"}[i%2], map[bool]string{true: "yes", false: "no"}[n*sign > 0], n*sign)
	}
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFeaturesOfTable: models of features take the numbers and the categories of
// a table, and learn either kind of target.
func TestFeaturesOfTable(t *testing.T) {
	data := "data: {train: " + pairedTable(t) + ", categories: embedding}\nbatch: 20\noptimizer: {adam: {lr: 0.05}}\nmodel: "
	for _, model := range []string{"{fm: 4}", "{deepfm: {dim: 4, hidden: [8]}}", "{dlrm: {dim: 4, bottom: [8], top: [8]}}"} {
		for _, set := range [][]string{{"data.target=class"}, {"data.target=class", "loss=bce"}, {"data.target=value"}} {
			// Without pairs of features: ln 2, and the variance.
			c := mustParse(t, data+model, set...)
			s, err := c.Load(nil)
			if err != nil {
				t.Fatal(err)
			}
			built, err := c.BuildTrain(s)
			if err != nil {
				t.Errorf("%s %v: %v", model, set, err)
				continue
			}
			built.Budget, built.Out = batch.Epochs(20), train.NoOut
			run, err := train.Fit(t.Context(), built)
			if err != nil {
				t.Fatal(err)
			}
			if loss := run.Summary.Train[0].V; !(loss < 0.3) {
				t.Errorf("%s %v: loss %v, want less than 0.3", model, set, loss)
			}
		}
	}
}

// TestManyClassesOfFM: what has no more than two outputs says so.
func TestManyClassesOfFM(t *testing.T) {
	m := &modelContext{outputs: 3, catSizes: []int{4}}
	m.model(mustParse(t, "data: {train: x}\nmodel: {fm: 4}").Model, true)
	if m.err == nil || !strings.Contains(m.err.Error(), "the model fm has a score, or two for two classes, and the target wants 3 outputs") {
		t.Errorf("%v", m.err)
	}
}

// TestHashKey: one number for all columns, or one for each of some, and a model
// that has the rows.
func TestHashKey(t *testing.T) {
	base := "data: {train: " + pairedTable(t) + ", target: class, categories: embedding, hash: "
	for text, want := range map[string]string{"64}": "cat.0.weight (65, 3)", "{word: 32}}": "cat.0.weight (33, 3)", "none}": "cat.0.weight (3, 3)"} {
		c := mustParse(t, base+text+"\nmodel: {deepfm: {dim: 3, hidden: [4]}}")
		roundTrip(t, mustParse(t, string(c.YAML())))
		s, err := c.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		built, err := c.BuildTrain(s)
		if err != nil {
			t.Fatal(err)
		}
		built.Budget, built.Out = batch.Updates(2), train.NoOut
		run, err := train.Fit(t.Context(), built)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint("cat.0.weight ", run.Params["cat.0.weight"].Shape()); got != want {
			t.Errorf("hash: %s: %s, want %s", text, got, want)
		}
	}
	if _, err := mustParse(t, base+"{town: 9}}").Load(nil); err == nil || !strings.Contains(err.Error(), `no feature column is called "town"`) {
		t.Errorf("%v", err)
	}
	if _, err := Parse("test", []byte(base+"many}")); err == nil || !strings.Contains(err.Error(), "got many (want a whole number, 1 to 1073741824)") {
		t.Errorf("%v", err)
	}
}

// TestRankingLossOfTable: a loss of several items says that there are none.
func TestRankingLossOfTable(t *testing.T) {
	path := pairedTable(t)
	for _, loss := range []string{"bpr", "sampled_softmax", "in_batch"} {
		_, err := mustParse(t, "data: {train: "+path+", target: class}\nloss: "+loss).Load(nil)
		if want := "loss " + loss + " compares items for a user, and the data are no interactions"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestHashedUsers: users have rows by the hash of their identifiers.
func TestHashedUsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clicks.csv")
	var b strings.Builder
	b.WriteString("user,item\n")
	for i := range 300 {
		fmt.Fprintf(&b, "u%d,i%d\n", i%40, i*7%31)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustParse(t, "data: {train: "+path+", hash: {user: 16}}\nmodel: {bpr: 4}\nloss: bpr")
	s, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	built, err := c.BuildTrain(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(built.Model); got != "BPRMF(16 users, 31 items, 4)" {
		t.Error(got)
	}
	_, err = mustParse(t, "data: {train: "+path+", hash: 16}\nmodel: {bpr: 4}\nloss: bpr").Load(nil)
	if err == nil || !strings.Contains(err.Error(), "of interactions users and items are hashed") {
		t.Errorf("%v", err)
	}
}
