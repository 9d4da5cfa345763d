package recommend

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/metric"
)

// TestPopularityOfNCF ranks by popularity the data of He et al. (2017), MovieLens
// 1M with 99 candidates. Published are HR@10 0.4535 and NDCG@10 0.2543; with all
// ties in favour of the held-out item it is 0.4538, with all against it 0.4520.
func TestPopularityOfNCF(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "data", "movielens-1m-ncf")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no data: ", err)
	}
	table, err := interactions.Read(filepath.Join(folder, "ml-1m.train.lists.gz"), interactions.Options{Format: interactions.FormatLists})
	if err != nil {
		t.Fatal(err)
	}
	candidates, err := table.ReadCandidates(filepath.Join(folder, "ml-1m.test.negative.gz"))
	if err != nil {
		t.Fatal(err)
	}
	times := make([]float32, table.Items.Len())
	for _, item := range table.Item {
		times[item]++
	}
	ranks := CandidatesByTimes(times, candidates)
	r, err := metric.Ranking(&ranks.Places, []int{10}, metric.Options{Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	best, worst := 0.0, 0.0
	for u := range ranks.Places.Users() {
		p := ranks.Places.Of(u)[0]
		best += chance(p.Above < 10)
		worst += chance(p.Above+p.Tied <= 10)
	}
	hr, _ := r.Get("hr@10")
	ndcg, _ := r.Get("ndcg@10")
	if math.Abs(best/6040-0.4538) > 5e-5 || math.Abs(worst/6040-0.4520) > 5e-5 || math.Abs(hr.Value-0.4529) > 5e-5 || math.Abs(ndcg.Value-0.2543) > 1e-3 {
		t.Errorf("hr@10 %.4f (%.4f to %.4f), ndcg@10 %.4f", hr.Value, worst/6040, best/6040, ndcg.Value)
	}
}

func chance(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
