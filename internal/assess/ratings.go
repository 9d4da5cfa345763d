package assess

import (
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/metric"
)

// Damping of the biases: as many ratings of the mean are added to those of an
// item and of a user (Koren, Factor in the neighbors, 2010, section 2.1).
const (
	dampItems = 25
	dampUsers = 10
)

// biases predicts a rating as μ + b_i + b_u: the mean, by how much the item is
// rated above it, and by how much the user rates above that.
func (j *Job) biases() (*Baseline, error) {
	n := j.Sets.Interactions
	table := n.Test
	if j.Part == "val" {
		table = n.Val
	}
	mean, items, users := biasesOf(n.Train)
	p := *j.known
	p.width = 1
	value := j.Sets.Schema.Targets()[0]
	for i, u := range table.User {
		p.scores = append(p.scores, value.Scaled(mean+items[table.Item[i]]+users[u]))
	}
	r, err := j.measure(&p, metric.Options{Resamples: -1})
	if err != nil {
		return nil, err
	}
	return &Baseline{Name: "biases", About: "the mean with what the item and the user differ from it, both damped", Scores: r.Scores}, nil
}

// biasesOf returns μ, and the biases of items and users, 0 of those without
// ratings.
func biasesOf(t *interactions.Table) (mean float64, items, users []float64) {
	for i, y := range t.Value {
		mean += (float64(y) - mean) / float64(i+1)
	}
	items = damped(t.Item, t.Items.Len(), dampItems, func(i int) float64 { return float64(t.Value[i]) - mean })
	users = damped(t.User, t.Users.Len(), dampUsers, func(i int) float64 { return float64(t.Value[i]) - mean - items[t.Item[i]] })
	return mean, items, users
}

// damped returns for each number below n Σ rest / (damping + count) over the
// places where it is.
func damped(numbers []int32, n int, damping float64, rest func(i int) float64) []float64 {
	sum, count := make([]float64, n), make([]float64, n)
	for i, k := range numbers {
		sum[k] += rest(i)
		count[k]++
	}
	for k := range sum {
		sum[k] /= damping + count[k]
	}
	return sum
}
