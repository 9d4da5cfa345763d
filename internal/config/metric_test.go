package config

import (
	"strings"
	"testing"
)

func TestMetrics(t *testing.T) {
	for text, want := range map[string]string{"loss": "loss", "ndcg": "ndcg@10", "hr@20": "hr@20", "mrr": "mrr", "map": "map@10"} {
		if c := mustParse(t, "data: {train: x.csv}\nmetric: "+text); c.Metric != want || !c.metricGiven {
			t.Errorf("metric %s is %s, want %s", text, c.Metric, want)
		}
	}
	for text, want := range map[string]string{
		"ndgc":     `did you mean "ndcg"`,
		"ndcg@0":   "want ndcg@K with a K from 1 to 65536",
		"hr@010":   "want hr@K",
		"recall@x": "want recall@K",
		"mrr@5":    "unknown value mrr@5",
	} {
		if _, err := Parse("test", []byte("data: {train: x.csv}\nmetric: "+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("metric %s: %v, want %q", text, err, want)
		}
	}
	for metric, want := range map[string]int{"ndcg@20": 20, "mrr": 10, "loss": 10} {
		if got := Cut(metric); got != want {
			t.Errorf("cut of %s is %d, want %d", metric, got, want)
		}
	}
}

// TestMetricOfInteractions: a ranking decides unless something else is asked for,
// and where none is measured it is refused.
func TestMetricOfInteractions(t *testing.T) {
	data := "data: {train: " + writeClicks(t, "r.csv", "userId,movieId,rating,timestamp\n", "%d,%d,%d,%d\n") + ", user: auto"
	for _, c := range []struct{ yaml, metric, err string }{
		{data + ", split: {by: leave_one_out}}", "ndcg@10", ""},
		{data + ", split: {by: leave_one_out}}\nmetric: loss", "loss", ""},
		{data + ", split: {val: 10%}}\nloss: mse", "loss", ""},
		{data + ", split: {val: 10%}}\nloss: mse\nmetric: hr", "", "metric hr@10 is of rankings, and the model predicts ratings"},
		{data + "}\nloss: bce\nmetric: hr", "", "metric hr@10 without validation data"},
	} {
		conf := mustParse(t, c.yaml)
		_, err := conf.Load(nil)
		if c.err == "" && (err != nil || conf.Metric != c.metric) {
			t.Errorf("%s: metric %s, %v", c.yaml, conf.Metric, err)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, want %q", c.yaml, err, c.err)
		}
	}
}
