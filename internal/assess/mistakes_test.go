package assess

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/config"
)

// TestMistakes: of images those are named that are taken for another class, the
// most surprising first, at most mostMistakes.
func TestMistakes(t *testing.T) {
	j := &Job{Sets: &config.Sets{Schema: &dataset.Schema{
		Image:  &dataset.ImageSchema{Shape: []int{1, 1}, Scale: 1},
		Target: dataset.TargetSchema{Task: dataset.TaskClassification, Classes: []string{"a", "b", "c"}},
	}}}
	p := &predictions{width: 3, labels: []int32{0, 1, 2, 2}, scores: []float32{
		3, 1, 0, // right
		2, 1, 0, // b taken for a
		900, 0, -900, // c taken for a: the probability of c is 0 in float64
		1, 1, 1, // the first of equal ones
	}}
	got := j.mistakes(p)
	want := []Mistake{
		{Example: 2, True: "c", Predicted: "a", Probability: 1, Loss: 1800},
		{Example: 1, True: "b", Predicted: "a", Probability: 0.66524095577, Loss: 1.40760596444},
		{Example: 3, True: "c", Predicted: "a", Probability: 1.0 / 3, Loss: math.Log(3)},
	}
	if !slices.EqualFunc(got, want, closeTo) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	binary := &predictions{width: 1, values: []float32{1, 0, 1}, scores: []float32{-2, 1, 3}}
	want = []Mistake{
		{Example: 0, True: "b", Predicted: "a", Probability: 0.88079707798, Loss: 2.12692801104},
		{Example: 1, True: "a", Predicted: "b", Probability: 0.73105857863, Loss: 1.31326168752},
	}
	if got := j.mistakes(binary); !slices.EqualFunc(got, want, closeTo) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	many := &predictions{width: 3, labels: make([]int32, 100), scores: slices.Repeat([]float32{0, 1, 0}, 100)}
	if n := len(j.mistakes(many)); n != mostMistakes {
		t.Errorf("%d mistakes", n)
	}
	if j.Sets.Schema.Image = nil; j.mistakes(p) != nil {
		t.Error("mistakes among what are no images")
	}
}

func closeTo(a, b Mistake) bool {
	near := math.Abs(a.Loss-b.Loss)+math.Abs(a.Probability-b.Probability) < 1e-9
	a.Loss, a.Probability = b.Loss, b.Probability
	return near && a == b
}

// TestEvaluateOnce: one pass gives the values of training and the scores of Run.
func TestEvaluateOnce(t *testing.T) {
	for name, yaml := range map[string]string{"classes": "data: {target: class, skip: [value, u, v]}", "one score": "data: {target: u, skip: [class, value, v]}\nloss: bce"} {
		j := trained(t, yaml)
		whole := quality(t, j)
		values, q, err := j.Evaluate(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		accuracy, _ := values.Get("accuracy")
		for _, s := range q.Model.Scores {
			if w, _ := whole.Model.Get(s.Name); s != w || s.Name == "accuracy" && s.Value != accuracy {
				t.Errorf("%s: %+v, want %+v", name, s, w)
			}
		}
	}
	_, q, err := trained(t, "data: {target: value, skip: [class, u, v]}").Evaluate(context.Background())
	if q != nil || err != nil {
		t.Errorf("a regression: %v, %v", q, err)
	}
}
