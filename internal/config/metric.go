package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Metrics that may decide which validation is best. Those of rankings are of the
// first K items, such as ndcg@20; without a K it is defaultCut.
var (
	metrics     = []string{"loss", "accuracy", "rmse", "r2"}
	cutMetrics  = []string{"ndcg", "hr", "recall", "precision", "map"}
	rankMetrics = []string{"mrr", "auc"}
)

// defaultCut is the K of He et al. (2017) and of most that came after.
const defaultCut = 10

// mostCut is the largest K.
const mostCut = 1 << 16

// decisive is the metric that decides. given says that it was named.
type decisive struct {
	p     *string
	given *bool
}

func (d decisive) read(fs *Faults, v *value) {
	name, cut, has := strings.Cut(v.text, "@")
	k, err := strconv.Atoi(cut)
	switch {
	case v.kind != scalar || !slices.Contains(cutMetrics, name):
		word{d.p, slices.Concat(metrics, cutMetrics, rankMetrics)}.read(fs, v)
	case !has:
		*d.p = fmt.Sprintf("%s@%d", name, defaultCut)
	case err != nil || k < 1 || k > mostCut || strconv.Itoa(k) != cut:
		fs.add(v.at, "got %v (want %s@K with a K from 1 to %d)", v, name, mostCut)
	default:
		*d.p = v.text
	}
	*d.given = true
}

func (d decisive) write() *value { return &value{text: *d.p} }

// Cut returns the K of a metric of rankings, else that of those without one.
func Cut(metric string) int {
	if _, cut, has := strings.Cut(metric, "@"); has {
		if k, err := strconv.Atoi(cut); err == nil {
			return k
		}
	}
	return defaultCut
}

// ranks reports whether a metric is of rankings.
func ranks(metric string) bool {
	name, _, _ := strings.Cut(metric, "@")
	return slices.Contains(cutMetrics, name) || slices.Contains(rankMetrics, name)
}

// settleMetric makes a ranking decide which validation of a recommender is best,
// unless the configuration says otherwise or ratings are predicted.
func (c *Config) settleMetric(n *Interactions) error {
	switch {
	case n.Explicit && ranks(c.Metric):
		return mistakef("config: metric %s is of rankings, and the model predicts ratings (want loss, rmse or r2; or loss: bce or bpr, to rank)", c.Metric)
	case ranks(c.Metric) && n.Val == nil:
		return mistakef("config: metric %s without validation data (want data.val, or data.split.val)", c.Metric)
	case !c.metricGiven && !n.Explicit && n.Val != nil:
		c.Metric = fmt.Sprintf("ndcg@%d", defaultCut)
	}
	return nil
}
