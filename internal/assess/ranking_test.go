package assess

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/train"
)

// clicks are of 60 users with 40 items: those of even number meet even items,
// the others odd ones, and item 0 everyone.
func clicks(t *testing.T) string {
	t.Helper()
	s := rng.NewStream(1, "clicks")
	var b strings.Builder
	b.WriteString("user,item,rating,time\n")
	for u := range 60 {
		met := map[int]bool{}
		for i := range 12 {
			item := 2*(int(s.Uint32())%20) + u%2
			if i == 3 {
				item = 0
			}
			if !met[item] {
				met[item] = true
				fmt.Fprintf(&b, "u%d,%d,%d,%d\n", u, item, 1+(item/2+u)%5, i)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "clicks.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// recommender trains on clicks, validations and all.
func recommender(t *testing.T, yaml string, set ...string) (*Job, *train.Run) {
	t.Helper()
	set = append([]string{"data.train=" + clicks(t), "data.user=user", "data.item=item", "optimizer.adamw.lr=0.05", "optimizer.adamw.weight_decay=0", "exec.threads=1"}, set...)
	c, err := config.Parse("test", []byte(yaml), set...)
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
	if cfg.Measures, err = Measures(c, sets, cfg.Model); err != nil {
		t.Fatal(err)
	}
	cfg.Out = train.NoOut
	run, err := train.Fit(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &Job{Config: c, Sets: sets, Params: run.Params, Part: "test", Data: sets.Test, Seed: 1}, run
}

// TestRanking: a model that learns who is of which kind beats popularity, among
// candidates and in the whole catalog, by vectors and as a graph; validations
// measure it, and the last one, on the same users, what the model is measured at.
func TestRanking(t *testing.T) {
	for _, model := range []string{"{bpr: {dim: 4}}", "{neumf: {dim: 4}}"} {
		for _, candidates := range []string{"all", "20"} {
			t.Run(model+candidates, func(t *testing.T) {
				j, run := recommender(t, "model: "+model+"\nloss: bpr\nbatch: 32\nbudget: 12ep", "data.split.by=leave_one_out", "data.candidates="+candidates)
				if j.Config.Metric != "ndcg@10" || run.Summary.Best == nil || run.Summary.Best.Metric != "ndcg@10" {
					t.Errorf("metric %s, best %+v", j.Config.Metric, run.Summary.Best)
				}
				q, err := j.Run(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if len(q.Baselines) != 1 || q.Baselines[0].Name != "popularity" || q.Model.Examples != 60 {
					t.Fatalf("%+v", q)
				}
				if ours, popular := value(q.Model.Scores, "auc"), value(q.Baselines[0].Scores, "auc"); !(ours > popular+0.1) {
					t.Errorf("auc %v, popularity %v", ours, popular)
				}
				if got := value(q.Model.Scores, "coverage@10"); candidates == "all" != !math.IsNaN(got) {
					t.Errorf("coverage %v", got)
				}
				checkRanking(t, q)
				j.Part = "val"
				val, err := j.Run(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				last, _ := run.Summary.Val.Get("ndcg@10")
				if got := value(val.Model.Scores, "ndcg@10"); math.Abs(got-last) > 1e-12 {
					t.Errorf("ndcg@10 of the last validation %v, measured afterwards %v", last, got)
				}
			})
		}
	}
}

// checkRanking checks what does not depend on the model.
func checkRanking(t *testing.T, q *Quality) {
	t.Helper()
	r := q.Ranking
	last := r.Found[len(r.Found)-1]
	if last.Model != 1 || last.Popular != 1 {
		t.Errorf("found among all: %+v", last)
	}
	for i, f := range r.Found[1:] {
		if f.Model < r.Found[i].Model || f.Popular < r.Found[i].Popular {
			t.Errorf("found %+v", r.Found)
		}
	}
	items, held, within := 0, 0, 0.0
	for i, x := range r.Tail {
		items, held, within = items+x.Items, held+x.Held, within+x.Model*float64(x.Held)
		if x.Times[0] > x.Times[1] || i > 0 && x.Times[1] > r.Tail[i-1].Times[0] {
			t.Errorf("tail %+v", r.Tail)
		}
	}
	if items != 40 || held != 60 || math.Abs(within/60-value(q.Model.Scores, "recall@10")) > 1e-12 {
		t.Errorf("%d items, %d held out, %v found: %+v", items, held, within, r.Tail)
	}
}

// TestRankingOfFewer: with a bound on scores fewer users are measured, and it is
// said.
func TestRankingOfFewer(t *testing.T) {
	j, _ := recommender(t, "model: {bpr: {dim: 4}}\nloss: bpr\nbudget: 1ep", "data.split.by=leave_one_out")
	model, err := j.Config.BuildModel(j.Sets.Schema)
	if err != nil {
		t.Fatal(err)
	}
	h, err := hold(j.Config, j.Sets, "test", model, 1)
	if err != nil {
		t.Fatal(err)
	}
	users := 0
	for u := range len(h.items.Start) - 1 {
		users += min(1, len(h.items.Of(int32(u))))
	}
	if want := "50 of 60 users"; users != 50 || !strings.Contains(h.String(), want) {
		t.Errorf("%d users; %s, want %s", users, h, want)
	}
}

// TestMeasured: validations measure what decides beside what people ask for most.
func TestMeasured(t *testing.T) {
	_, run := recommender(t, "model: {bpr: {dim: 4}}\nloss: bpr\nbudget: 2ep\nmetric: recall@5", "data.split.by=leave_one_out")
	var names []string
	for _, v := range run.Summary.Val[2:] { // behind loss and accuracy
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "hr@5 ndcg@5 mrr recall@5" || run.Summary.Best.Metric != "recall@5" {
		t.Errorf("%s, best %+v", got, run.Summary.Best)
	}
}

// TestRatings: predictions of ratings stand beside the mean and the biases.
func TestRatings(t *testing.T) {
	j, run := recommender(t, "model: {mf: {dim: 4}}\nloss: mse\nbatch: 32\nbudget: 5ep", "data.split.test=20%", "data.split.val=10%")
	if _, has := run.Summary.Val.Get("rmse"); !has || len(run.Summary.Val) != 3 {
		t.Errorf("validation %v", run.Summary.Val)
	}
	q, err := j.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(q.Baselines) != 2 || q.Baselines[0].Name != "guess" || q.Baselines[1].Name != "biases" || q.Ranking != nil {
		t.Fatalf("%+v", q)
	}
	table, sum := j.Sets.Interactions.Test, 0.0
	mean, items, users := biasesOf(j.Sets.Interactions.Train)
	for i, y := range table.Value {
		e := min(max(mean+items[table.Item[i]]+users[table.User[i]], 1), 5) - float64(y)
		sum += e * e
	}
	if got, want := value(q.Baselines[1].Scores, "rmse"), math.Sqrt(sum/float64(table.Len())); math.Abs(got-want) > 1e-6 {
		t.Errorf("biases: rmse %v, want %v", got, want)
	}
}

// TestBiases compares with sums by hand.
func TestBiases(t *testing.T) {
	j, _ := recommender(t, "model: {mf: {dim: 4}}\nloss: mse\nbudget: 1up")
	all := j.Sets.Interactions.Train
	mean, items, users := biasesOf(all)
	total, above, count := 0.0, 0.0, 0.0
	for _, y := range all.Value {
		total += float64(y)
	}
	total /= float64(all.Len())
	for i, y := range all.Value {
		if all.User[i] == 7 {
			above += float64(y) - total - items[all.Item[i]]
			count++
		}
	}
	if want := above / (dampUsers + count); math.Abs(mean-total) > 1e-12 || math.Abs(users[7]-want) > 1e-12 {
		t.Errorf("mean %v, bias of user 7 %v, want %v and %v", mean, users[7], total, want)
	}
}
