package metric

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// Each row of a class is support, precision, recall, F1, area under the ROC.
type goldenFile struct {
	Classification []struct {
		Name      string
		Classes   int
		Prob      []float32
		Labels    []int32
		Weight    []float32
		Scores    map[string]number
		Rows      [][5]number
		Confusion [][]float64
		BestF1    float64 `json:"best_f1"`
	}
	Regression []struct {
		Name         string
		Outputs      int
		Pred, Target []float64
		Weight       []float32
		Scores       map[string]number
		Rows         []map[string]number
	}
	MultiLabel []struct {
		Name         string
		Labels       int
		Prob, Target []float32
		Weight       []float32
		Scores       map[string]number
		Rows         [][5]number
	}
	Ranking []struct {
		Name  string
		At    []int
		Users []struct {
			Candidates int
			Places     [][2]int32
			NDCG       []float64
			AUC        number
			MAP, MRR   *float64 // only without ties
		}
	}
}

func golden(t *testing.T) (g goldenFile) {
	b, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(b, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// near compares to 1e-12 of the larger, and to 1e-15 near 0, where sums cancel.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-12*max(math.Abs(got), math.Abs(want), 1e-3) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func sameScores(t *testing.T, got []Score, want map[string]number) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d scores, want %d", len(got), len(want))
	}
	for _, s := range got {
		x, ok := want[s.Name]
		if !ok {
			t.Errorf("a score %q", s.Name)
		}
		near(t, s.Name, s.Value, float64(x))
	}
}

func sameRows(t *testing.T, got []ClassRow, want [][5]number) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for c, r := range got {
		for k, x := range []float64{r.Support, r.Precision, r.Recall, r.F1, r.ROCAUC} {
			near(t, r.Name+[]string{" support", " precision", " recall", " f1", " roc_auc"}[k], x, float64(want[c][k]))
		}
	}
}

func TestClassificationAgainstScikitLearn(t *testing.T) {
	for _, c := range golden(t).Classification {
		t.Run(c.Name, func(t *testing.T) {
			r, err := Classification(c.Prob, c.Classes, c.Labels, c.Weight, Options{Resamples: -1})
			if err != nil {
				t.Fatal(err)
			}
			sameScores(t, r.Scores, c.Scores)
			sameRows(t, r.Classes, c.Rows)
			for i, row := range c.Confusion {
				for j, x := range row {
					near(t, "confusion", r.Confusion[i][j], x)
				}
			}
			if (r.BestThreshold != nil) != (c.BestF1 > 0) {
				t.Fatalf("best threshold %v, want F1 %v", r.BestThreshold, c.BestF1)
			}
			if r.BestThreshold != nil {
				near(t, "best F1", r.BestThreshold.F1, c.BestF1)
				near(t, "F1 at the threshold", f1At(c.Prob, c.Labels, c.Weight, r.BestThreshold.Threshold), c.BestF1)
			}
		})
	}
}

// f1At is the F1 of saying class 1 from a threshold on.
func f1At(prob []float32, labels []int32, weight []float32, threshold float64) float64 {
	var hit, both float64
	for i, l := range labels {
		w := 1.0
		if weight != nil {
			w = float64(weight[i])
		}
		said := float64(prob[2*i+1]) >= threshold
		if said {
			both += w
		}
		if l == 1 {
			both += w
		}
		if said && l == 1 {
			hit += w
		}
	}
	return 2 * hit / both
}

func TestRegressionAgainstScikitLearn(t *testing.T) {
	for _, c := range golden(t).Regression {
		t.Run(c.Name, func(t *testing.T) {
			r, err := Regression(c.Pred, c.Target, c.Outputs, c.Weight, Options{Resamples: -1})
			if err != nil {
				t.Fatal(err)
			}
			sameScores(t, r.Scores, c.Scores)
			if c.Outputs == 1 {
				c.Rows = nil
			}
			if len(r.Outputs) != len(c.Rows) {
				t.Fatalf("%d rows, want %d", len(r.Outputs), len(c.Rows))
			}
			for k, row := range r.Outputs {
				sameScores(t, row.Scores, c.Rows[k])
			}
		})
	}
}

func TestMultiLabelAgainstScikitLearn(t *testing.T) {
	for _, c := range golden(t).MultiLabel {
		t.Run(c.Name, func(t *testing.T) {
			r, err := MultiLabel(c.Prob, c.Labels, c.Target, c.Weight, Options{Resamples: -1})
			if err != nil {
				t.Fatal(err)
			}
			sameScores(t, r.Scores, c.Scores)
			sameRows(t, r.Classes, c.Rows)
		})
	}
}
