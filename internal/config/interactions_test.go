package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// writeClicks writes interactions of 30 users with 40 items, each user's in the
// order of time.
func writeClicks(t *testing.T, name, header, form string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(header)
	for i := range 600 {
		u := i % 30
		fmt.Fprintf(&b, form, u+100, (u*7+i/30*3)%40, 1+i%5, 1000+i)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInteractions: what the data and the loss say together, for each form of
// examples.
func TestInteractions(t *testing.T) {
	ratings := writeClicks(t, "ratings.csv", "userId,movieId,rating,timestamp\n", "%d,%d,%d,%d\n")
	clicks := writeClicks(t, "clicks.csv", "who,what,a,b\n", "%d,%d,%d,%d\n")
	for _, c := range []struct {
		data, rest string
		model      string
		fields     string
		train      int // examples
		val, test  int // interactions
	}{
		{"train: " + ratings + ", user: auto, split: {val: 10%, test: 20%}", "", "mf", "user i32 (), item i32 (), y f32 ()", 420, 60, 120},
		{"train: " + ratings + ", item: movieId, split: {by: leave_one_out}", "", "mf", "user i32 (), item i32 (), y f32 ()", 540 * 5, 30, 30},
		{"train: " + ratings + ", user: auto, rating: none, split: {by: time, test: 10%}", "loss: bpr\nmodel: {bpr: 8}", "bpr", "user i32 (), item i32 (2), y i32 ()", 540, 0, 60},
		{"train: " + ratings + ", user: auto, positive: 4, split: {folds: 5, fold: 2}", "loss: bce", "mf", "user i32 (), item i32 (), y f32 ()", 181 * 5, 0, 59},
		{"train: " + clicks + ", user: who, item: what, negatives: {count: 3, sampler: popularity}", "loss: sampled_softmax", "mf", "user i32 (), item i32 (4), y i32 (), logq f32 (4)", 600, 0, 0},
		{"train: " + clicks + ", user: who, item: what", "loss: {in_batch: 32}", "mf", "user i32 (), item i32 (), y i32 (), logq f32 ()", 600, 0, 0},
	} {
		conf := mustParse(t, "data: {"+c.data+"}\n"+c.rest)
		sets, err := conf.Load(nil)
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
			continue
		}
		var fields []string
		for _, f := range sets.Train.Fields() {
			fields = append(fields, f.String())
		}
		if got := strings.Join(fields, ", "); got != c.fields || sets.Train.Len() != c.train || conf.Model[0].Kind != c.model {
			t.Errorf("%s: %d examples of %s for %s", c.data, sets.Train.Len(), got, conf.Model[0].Kind)
		}
		n := sets.Interactions
		for name, p := range map[string]struct {
			there bool
			want  int
		}{"val": {n.Val != nil, c.val}, "test": {n.Test != nil, c.test}} {
			if p.there != (p.want > 0) {
				t.Errorf("%s: %s %v", c.data, name, p.there)
			}
		}
		if n.Val != nil && n.Val.Len() != c.val || n.Test != nil && n.Test.Len() != c.test {
			t.Errorf("%s: %v", c.data, sets)
		}
		if p := sets.Schema.Pairs; p.Users != 30 || p.Items != 40 || n.Catalog.Users.Name(1) != "101" {
			t.Errorf("%s: %v", c.data, p)
		}
		if _, err := conf.BuildTrain(sets); err != nil {
			t.Errorf("%s: %v", c.data, err)
		}
	}
}

// TestInteractionsAgain: the configuration that is printed gives the same
// examples, and so does a trained model's.
func TestInteractionsAgain(t *testing.T) {
	path := writeClicks(t, "ratings.dat", "", "%d::%d::%d::%d\n")
	c := mustParse(t, "data: {train: "+path+", format: colons, split: {by: leave_one_out}}\nloss: bce")
	first, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := mustParse(t, string(c.YAML())).Load(first.Schema)
	if err != nil {
		t.Fatal(err)
	}
	indices := []int{3, first.Train.Len() + 8, 77}
	for i, sets := range []*Sets{first, again} {
		buf := dataset.NewBuffers(sets.Train.Fields(), 3)
		if err := sets.Train.Gather(buf, 0, indices); err != nil {
			t.Fatal(err)
		}
		if other := dataset.NewBuffers(sets.Train.Fields(), 3); i == 1 {
			if err := first.Train.Gather(other, 0, indices); err != nil || !slices.Equal(other[1].I32(), buf[1].I32()) {
				t.Error(other[1].I32(), buf[1].I32(), err)
			}
		}
	}
	ds, err := c.Encode(writeClicks(t, "more.csv", "user,item,rating,time\n999,1,1,1\n", "%d,%d,%d,%d\n"), "test", first.Schema)
	if err != nil || ds.Len() != 600*5 {
		t.Error(ds, err)
	}
}

func TestInteractionsFaults(t *testing.T) {
	one := filepath.Join(t.TempDir(), "one.csv")
	if err := os.WriteFile(one, []byte("user,item\n1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ratings := writeClicks(t, "ratings.csv", "userId,movieId,rating,timestamp\n", "%d,%d,%d,%d\n")
	for text, want := range map[string]string{
		"data: {train: " + ratings + ", user: auto, target: rating}":                                       "data.target means nothing",
		"data: {train: " + ratings + ", user: who}":                                                        `no column "who"`,
		"data: {train: " + ratings + ", user: auto, rating: none}\nloss: mse":                              "data.rating",
		"data: {train: " + ratings + ", user: auto, split: {by: stratified, val: 10%}}":                    "leave_one_out",
		"data: {train: " + ratings + ", user: auto, rating: none, time: none, split: {by: time, val: 1%}}": "without times",
		"data: {train: " + ratings + ", user: auto, positive: 6}\nloss: bce":                               "no rating of at least 6",
		"data: {train: " + ratings + ", user: auto, rating: none, positive: 4}":                            "has no ratings: name their column by data.rating",
		"data: {train: " + one + ", user: auto, split: {by: leave_one_out}}\nearly_stop: {patience: 2}":    "no interaction is left for validation",
		"data: {train: " + ratings + ", user: auto, task: classification}":                                 "data.task",
		"data: {train: " + filepath.Dir(ratings) + "/none.csv, user: auto}":                                "none.csv",
	} {
		_, err := mustParse(t, text).Load(nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"data: {train: x, user: auto, split: {by: leave_one_out, test: 10%}}": "no shares",
		"data: {train: x, split: {by: time, test: 10%}}":                      "column",
		"data: {train: x, user: auto, negatives: {count: 0}}":                 "1 to 65536",
	} {
		_, err := Parse("c.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	_, err := mustParse(t, "data: {train: "+ratings+", target: rating, split: {by: leave_one_out}}").Load(nil)
	if err == nil || !strings.Contains(err.Error(), splitLeaveOneOut) {
		t.Error(err)
	}
}
