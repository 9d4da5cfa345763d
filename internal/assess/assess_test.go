package assess

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/train"
)

// trained returns a job on rows of: a that decides, b that does not, a category
// and four targets of it.
func trained(t *testing.T, yaml string) *Job {
	t.Helper()
	var b strings.Builder
	b.WriteString("a,b,k,class,value,u,v\n")
	for i := range 400 {
		a := i * 37 % 101
		fmt.Fprintf(&b, "%d,%d,k%d,%s,%d,%d,%d\n", a, i*53%97, i%3, []string{"lo", "hi"}[min(1, a/50)], 10*a+3, min(1, a/30), min(1, a/70))
	}
	path := filepath.Join(t.TempDir(), "d.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("test", []byte(yaml), "data.train="+path, "data.split.test=25%", "budget=30ep", "optimizer.adamw.lr=0.01", "exec.threads=1")
	if err != nil {
		t.Fatal(err)
	}
	sets, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := c.BuildTrain(sets)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Out = train.NoOut
	run, err := train.Fit(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &Job{Config: c, Sets: sets, Params: run.Params, Part: "test", Data: sets.Test, Seed: 1}
}

func quality(t *testing.T, j *Job) *Quality {
	t.Helper()
	q, err := j.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(q.Baselines) != 2 || len(q.Notes) != 0 || q.Model.Examples != 100 {
		t.Fatalf("%d baselines, notes %v, %d examples", len(q.Baselines), q.Notes, q.Model.Examples)
	}
	return q
}

func value(scores []metric.Score, name string) float64 {
	for _, s := range scores {
		if s.Name == name {
			return s.Value
		}
	}
	return math.NaN()
}

// TestClasses: the guess has the share of the more frequent class, the linear
// model finds the border, and the column that decides matters most; with one
// score for two classes or with two, categories one-hot or embedded.
func TestClasses(t *testing.T) {
	for _, yaml := range []string{
		"data: {target: class, skip: [value, u, v]}",
		"data: {target: class, skip: [value, u, v]}\nloss: bce",
		"data: {target: class, skip: [value, u, v], categories: embedding}\nmodel: [categories, {dense: 32}, relu, {dense: auto}]",
	} {
		j := trained(t, yaml)
		q := quality(t, j)
		share := 0.0
		for _, row := range q.Model.Confusion[majority(t, j)] {
			share += row / 100
		}
		if got := value(q.Baselines[0].Scores, "accuracy"); math.Abs(got-share) > 1e-9 {
			t.Errorf("%s: the guess has %v, want %v", yaml, got, share)
		}
		if got := value(q.Baselines[1].Scores, "accuracy"); got < 0.95 {
			t.Errorf("%s: the linear model has %v", yaml, got)
		}
		if got := value(q.Model.Scores, "accuracy"); got < 0.9 {
			t.Errorf("%s: the model has %v", yaml, got)
		}
		if i := q.Importance; i[0].Column != "a" || i[0].Loss < 10*math.Abs(i[1].Loss) || len(i) != 3 {
			t.Errorf("%s: importance %+v", yaml, i)
		}
		a, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(quality(t, j)); err != nil || string(a) != string(b) {
			t.Errorf("%s: twice is not the same: %s, %s, %v", yaml, a, b, err)
		}
	}
}

// majority is the more frequent class of the training data.
func majority(t *testing.T, j *Job) int {
	t.Helper()
	known, err := truth(j.Sets.Train)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range j.Sets.Train.Len() {
		if known.labels != nil && known.labels[i] == 1 || known.labels == nil && known.values[i] == 1 {
			n++
		}
	}
	if 2*n > j.Sets.Train.Len() {
		return 1
	}
	return 0
}

// TestValues: the guess is the mean, whose R² on other rows is about 0, also of
// a logarithm; a line is found by the linear model.
func TestValues(t *testing.T) {
	for _, yaml := range []string{"data: {target: value, skip: [class, u, v]}", "data: {target: value, skip: [class, u, v], target_transform: log}"} {
		q := quality(t, trained(t, yaml))
		if got := value(q.Baselines[0].Scores, "r2"); got > 1e-9 || got < -0.05 {
			t.Errorf("%s: the guess has R² %v", yaml, got)
		}
		if got := value(q.Baselines[1].Scores, "r2"); !strings.Contains(yaml, "log") && got < 0.999 {
			t.Errorf("%s: the linear model has R² %v", yaml, got)
		}
		if got := value(q.Model.Scores, "rmse"); got > 100 {
			t.Errorf("%s: rmse %v in units of the data", yaml, got)
		}
	}
}

func TestLabels(t *testing.T) {
	q := quality(t, trained(t, "data: {target: [u, v], skip: [class, value]}"))
	if guess, model := value(q.Baselines[0].Scores, "subset_accuracy"), value(q.Model.Scores, "subset_accuracy"); !(model > guess+0.2) || len(q.Model.Classes) != 2 {
		t.Errorf("the guess has %v, the model %v of %v", guess, model, q.Model.Classes)
	}
}

// TestExchanged: one column is of another example, everything else stays.
func TestExchanged(t *testing.T) {
	j := trained(t, "data: {target: class, skip: [value, u, v]}")
	enc, err := dataset.NewEncoder(j.Sets.Schema)
	if err != nil {
		t.Fatal(err)
	}
	n, width := j.Data.Len(), j.Sets.Schema.Width()
	rows := sequence(0, n)
	plain, mixed := dataset.NewBuffers(j.Data.Fields(), n), dataset.NewBuffers(j.Data.Fields(), n)
	place := enc.Place(2) // k, one-hot
	x := &exchanged{Dataset: j.Data, place: place}
	if err := j.Data.Gather(plain, 0, rows); err != nil {
		t.Fatal(err)
	}
	if err := x.Gather(mixed, 0, rows); err != nil {
		t.Fatal(err)
	}
	for row := range n {
		for f := range width {
			from := row
			if f >= place.From && f < place.To {
				from = (row + n/2) % n
			}
			if mixed[0].F32()[row*width+f] != plain[0].F32()[from*width+f] {
				t.Fatalf("feature %d of row %d is not that of row %d", f, row, from)
			}
		}
	}
}

// TestLinearLeftOut: what the linear model cannot be trained for is said, and
// the model is measured all the same.
func TestLinearLeftOut(t *testing.T) {
	j := trained(t, "data: {target: class, skip: [value, u, v]}")
	j.Config.Exec.Memory = 1 << 20 // less than the process has
	q, err := j.Run(context.Background())
	if err != nil || len(q.Baselines) != 1 || len(q.Notes) != 1 || !strings.Contains(q.Notes[0], "linear") || !strings.Contains(q.Notes[0], "memory") {
		t.Errorf("%+v, %v", q, err)
	}
}
