package metric

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	classify := func(prob []float32, classes int, labels []int32, weight []float32, names ...string) func() error {
		return func() error {
			_, err := Classification(prob, classes, labels, weight, Options{Names: names})
			return err
		}
	}
	values := func(pred, target []float64, outputs int, weight []float32) func() error {
		return func() error { _, err := Regression(pred, target, outputs, weight, Options{}); return err }
	}
	label := func(prob []float32, labels int, target, weight []float32) func() error {
		return func() error { _, err := MultiLabel(prob, labels, target, weight, Options{}); return err }
	}
	half := []float32{0.5, 0.5, 0.5, 0.5}
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"one class":          {classify(half, 1, nil, nil), "1 classes (want 2 or more)"},
		"no rows":            {classify(nil, 2, nil, nil), "no examples"},
		"half a row":         {classify(half[:3], 2, nil, nil), "3 values of prob are no whole rows of 2"},
		"labels":             {classify(half, 2, []int32{1}, nil), "1 labels for 2 rows"},
		"label":              {classify(half, 2, []int32{0, 2}, nil), "example 1: label 2 (want 0 to 1)"},
		"negative label":     {classify(half, 2, []int32{0, -1}, nil), "example 1: label -1 (want 0 to 1)"},
		"NaN":                {classify([]float32{1, 0, 1, nan}, 2, []int32{0, 1}, nil), "example 1: probability NaN at 1"},
		"above one":          {classify([]float32{1.5, 0, 1, 0}, 2, []int32{0, 1}, nil), "example 0: probability 1.5 at 0"},
		"a little above":     {classify([]float32{1.001, 0, 1, 0}, 2, []int32{0, 1}, nil), "example 0: probability 1.001 at 0"},
		"below zero":         {classify([]float32{1, 0, 1, -0.5}, 2, []int32{0, 1}, nil), "example 1: probability -0.5 at 1"},
		"not normalized":     {classify([]float32{1, 0, 0.5, 0.25}, 2, []int32{0, 1}, nil), "example 1: its probabilities sum to 0.75 (want 1)"},
		"weights":            {classify(half, 2, []int32{0, 1}, []float32{1}), "1 weights for 2 examples"},
		"negative weight":    {classify(half, 2, []int32{0, 1}, []float32{1, -1}), "example 1: weight -1"},
		"NaN weight":         {classify(half, 2, []int32{0, 1}, []float32{nan, 1}), "example 0: weight NaN"},
		"infinite weight":    {classify(half, 2, []int32{0, 1}, []float32{inf, 1}), "example 0: weight +Inf"},
		"no weight":          {classify(half, 2, []int32{0, 1}, []float32{0, 0}), "weights of all 2 examples are 0"},
		"names":              {classify(half, 2, []int32{0, 1}, nil, "a"), "1 names for 2 classes"},
		"no outputs":         {values(nil, nil, 0, nil), "0 outputs (want 1 or more)"},
		"no values":          {values(nil, nil, 1, nil), "no examples"},
		"targets":            {values([]float64{1, 2}, []float64{1}, 1, nil), "1 targets for 2 predictions"},
		"NaN prediction":     {values([]float64{1, 2, 3, math.NaN()}, make([]float64, 4), 2, nil), "example 1: prediction NaN at 1"},
		"infinite target":    {values(make([]float64, 2), []float64{1, math.Inf(-1)}, 1, nil), "example 1: target -Inf at 0"},
		"weights of values":  {values([]float64{1}, []float64{1}, 1, half), "4 weights for 1 examples"},
		"no labels":          {label(half, 0, half, nil), "0 labels (want 1 or more)"},
		"targets of labels":  {label(half, 2, half[:2], nil), "2 targets for 4 probabilities"},
		"target of a label":  {label(half, 2, []float32{0, 1, 0.5, 1}, nil), "example 1: target 0.5 at 0 (want 0 or 1)"},
		"NaN of a label":     {label([]float32{0, nan}, 2, half[:2], nil), "example 0: probability NaN at 1"},
		"weights of labels":  {label(half, 2, make([]float32, 4), half[:1]), "1 weights for 2 examples"},
		"rows of the labels": {label(half, 3, half, nil), "4 values of prob are no whole rows of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestRoundingAboveOne takes what the sum of a softmax may round to.
func TestRoundingAboveOne(t *testing.T) {
	r, err := Classification([]float32{0, 1.0000001, 1, 0}, 2, []int32{1, 0}, nil, Options{Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := r.Get("log_loss"); !(s.Value > 0 && s.Value < 2e-7) {
		t.Errorf("log loss %v", s.Value)
	}
	if r.Bins[9].Count != 1 {
		t.Errorf("bins %v", r.Bins)
	}
}

// TestBestThreshold wants the highest threshold of those with the best F1.
func TestBestThreshold(t *testing.T) {
	prob := []float32{0.125, 0.875, 0.25, 0.75, 0.5, 0.5, 0.75, 0.25}
	r, err := Classification(prob, 2, []int32{1, 0, 0, 1}, nil, Options{Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Cut{0.875, 2.0 / 3}); *r.BestThreshold != want { // 0.25 gives 4/6 too
		t.Errorf("best threshold %v, want %v", *r.BestThreshold, want)
	}
}

// TestBins wants each example in its bin, the edge in the lower one.
func TestBins(t *testing.T) {
	prob := []float32{1, 0, 0.5, 0.5, 0.375, 0.625, 0.375, 0.625, 0, 1}
	r, err := Classification(prob, 2, []int32{0, 1, 1, 0, 1}, []float32{1, 2, 1, 3, 1}, Options{Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	want := map[int][3]float64{0: {0, 0, 1}, 4: {0.5, 1, 2}, 6: {0.625, 0.25, 4}, 9: {1, 1, 1}}
	for k, b := range r.Bins {
		x, ok := want[k]
		if !ok {
			x = [3]float64{nan, nan, 0}
		}
		near(t, "low edge", b.Lo, float64(k)/10)
		near(t, "high edge", b.Hi, float64(k+1)/10)
		near(t, "confidence", b.Confidence, x[0])
		near(t, "accuracy", b.Accuracy, x[1])
		near(t, "count", b.Count, x[2])
	}
	if len(r.Bins) != 10 || r.Threshold != 0.5 || !r.Weighted || r.Examples != 5 || r.Resamples != 0 {
		t.Errorf("%d bins, threshold %v, weighted %v, %d examples, %d resamples", len(r.Bins), r.Threshold, r.Weighted, r.Examples, r.Resamples)
	}
}

// TestBinsOfManyClasses bins by the probability of the predicted class.
func TestBinsOfManyClasses(t *testing.T) {
	prob := []float32{0.25, 0.75, 0, 0.75, 0.25, 0, 0.25, 0.25, 0.5}
	r, err := Classification(prob, 3, []int32{1, 2, 2}, nil, Options{Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Bins[7], (Bin{0.7, 0.8, 0.75, 0.5, 2}); got != want {
		t.Errorf("bin %v, want %v", got, want)
	}
	if got, want := r.Bins[4], (Bin{0.4, 0.5, 0.5, 1, 1}); got != want {
		t.Errorf("bin %v, want %v", got, want)
	}
}

func TestNamesAndIntervals(t *testing.T) {
	pred, target := values(50, 2)
	r, err := Regression(pred, target, 2, nil, Options{Resamples: 100, Names: []string{"length", "width"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Outputs) != 2 || r.Outputs[0].Name != "length" || r.Outputs[1].Name != "width" {
		t.Errorf("rows %v", r.Outputs)
	}
	for _, s := range r.Scores {
		if s.Name == "max_error" {
			if !math.IsNaN(s.Lo) || !math.IsNaN(s.Hi) {
				t.Errorf("%v has an interval", s)
			}
		} else if !(s.Lo < s.Value && s.Value < s.Hi) {
			t.Errorf("%v is not inside its interval", s)
		}
	}
	if _, ok := r.Get("accuracy"); ok {
		t.Error("a regression with an accuracy")
	}
}

// TestJSON wants a report back from its JSON, with null for what is no number.
func TestJSON(t *testing.T) {
	prob, labels, weight := predictions(30, 3)
	for i, l := range labels {
		labels[i] = min(l, 1) // class 2 has no examples, and its area is not defined
	}
	r, err := Classification(prob, 3, labels, weight, Options{Resamples: -1, Names: []string{"a", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"lo":null,"hi":null`, `"name":"c","support":0,`, `"roc_auc":null`, `"examples":30`, `"confidence":null`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(text) {
		t.Errorf("%v: %s, want %s", err, again, text)
	}
	if !math.IsNaN(back.Scores[0].Lo) || !reflect.DeepEqual(back.Confusion, r.Confusion) {
		t.Errorf("low end %v, confusion %v", back.Scores[0].Lo, back.Confusion)
	}
}
