package descent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/descent-ml/descent"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/recommend"
	"github.com/descent-ml/descent/train"
)

// trainRecommender trains on who borrowed which book, two kinds of readers, and
// returns the run directory.
func trainRecommender(folder, model string) (string, error) {
	var b strings.Builder
	b.WriteString("reader,book\n")
	for i := range 400 {
		reader, kind := i%20, "crime"
		if reader%2 == 1 {
			kind = "poetry"
		}
		if book := (i*7 + i/20*3) % 10; book != reader%10 { // one is left to recommend
			fmt.Fprintf(&b, "reader %d,%s %d\n", reader, kind, book)
		}
	}
	data := filepath.Join(folder, "loans.csv")
	if err := os.WriteFile(data, []byte(b.String()), 0o666); err != nil {
		return "", err
	}
	c, err := config.Parse("test", []byte("model: {"+model+"}\nloss: bpr\nbatch: 32\nbudget: 30ep\noptimizer: {adamw: {lr: 2e-2}}\nexec: {threads: 1}"),
		"data.train="+data, "data.user=reader", "data.item=book")
	if err != nil {
		return "", err
	}
	sets, err := c.Load(nil)
	if err != nil {
		return "", err
	}
	cfg, err := c.BuildTrain(sets)
	if err != nil {
		return "", err
	}
	cfg.Out = filepath.Join(folder, "run")
	_, err = train.Fit(context.Background(), cfg)
	return cfg.Out, err
}

func loadRecommender(t *testing.T, model string) *descent.Recommender {
	t.Helper()
	run, err := trainRecommender(t.TempDir(), model)
	if err != nil {
		t.Fatal(err)
	}
	r, err := descent.LoadRecommender(run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// A recommender gives users what they have not met.
func ExampleRecommender() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	run, err := trainRecommender(folder, "bpr: {dim: 8}")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := descent.LoadRecommender(run)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	known, err := r.Recommend("reader 2", 1)
	fmt.Println(known.Items[0].ID, known.From, err)
	stranger, err := r.Recommend("reader 99", 1)
	fmt.Println(stranger.From, err)
	_, err = r.Similar("cookery 1", 3)
	fmt.Println(err)
	// Output:
	// crime 2 model <nil>
	// popular <nil>
	// recommend: the data has no item "cookery 1"
}

// TestRecommender: models with vectors and without recommend what is left of the
// right kind to nearly everyone, the same from many goroutines.
func TestRecommender(t *testing.T) {
	for _, model := range []string{"bpr: {dim: 8}", "neumf: {dim: 8}"} {
		t.Run(model, func(t *testing.T) {
			r := loadRecommender(t, model)
			var group sync.WaitGroup
			var right atomic.Int32
			for reader := range 20 {
				group.Go(func() {
					id := fmt.Sprint("reader ", reader)
					var l recommend.List
					if err := r.RecommendInto(&l, id, 3); err != nil {
						t.Error(err)
						return
					}
					want := fmt.Sprint([]string{"crime ", "poetry "}[reader%2], reader%10)
					if l.From != recommend.FromModel || len(l.Items) != 3 {
						t.Errorf("%s: %v", id, l)
					}
					if l.Items[0].ID == want {
						right.Add(1)
					}
				})
			}
			group.Wait()
			if right.Load() < 17 {
				t.Errorf("%d of 20 readers get what is left", right.Load())
			}
			err := r.Each(context.Background(), 3, func(user string, l *recommend.List) error {
				one, err := r.Recommend(user, 3)
				if !slices.Equal(one.Items, l.Items) {
					t.Errorf("%s: %v together, %v alone", user, l.Items, one.Items)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRecommenderAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, model := range []string{"bpr: {dim: 8}", "neumf: {dim: 8}"} {
		r := loadRecommender(t, model)
		var l recommend.List
		if n := testing.AllocsPerRun(20, func() {
			if err := r.RecommendInto(&l, "reader 3", 5); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", model, n)
		}
	}
}

// TestRecommenderFS reads a model file, and refuses one that is no recommender.
func TestRecommenderFS(t *testing.T) {
	run, err := trainRecommender(t.TempDir(), "gmf: {dim: 8}")
	if err != nil {
		t.Fatal(err)
	}
	r, err := descent.LoadRecommenderFS(os.DirFS(run), train.ModelName)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if items, err := r.Similar("crime 1", 3); err != nil || len(items) != 3 || !strings.HasPrefix(items[0].ID, "crime ") {
		t.Errorf("%v, %v", items, err)
	}
	dir, _, _ := trainOn(t, predictorConfigs["classes"])
	if _, err := descent.LoadRecommender(dir); err == nil || !strings.Contains(err.Error(), "is no recommender") {
		t.Error(err)
	}
}
