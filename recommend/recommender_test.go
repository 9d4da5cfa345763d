package recommend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/descent-ml/descent/dataset/interactions"
)

// recommenderOf is of 30 users, u0 to u29, of whom the last has seen nothing,
// and 700 items, 0 to 699.
func recommenderOf(t testing.TB) *Recommender {
	t.Helper()
	c := &interactions.Catalog{Users: &interactions.Names{}, Items: &interactions.Names{}, Seen: known(3, 29, 700, 40)}
	c.Seen.Start = append(c.Seen.Start, c.Seen.Start[29])
	for u := range 30 {
		c.Users.Add(fmt.Append(nil, "u", u))
	}
	for i := range 700 {
		c.Items.AddInt(int64(i))
	}
	r, err := FromVectors(vectors(1, 30, 6, false), vectors(2, 700, 6, false), c.Seen, 2)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := NewRecommender(r, c)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func same(items []Item, scored []Scored) bool {
	return slices.EqualFunc(items, scored, func(a Item, b Scored) bool {
		return a.ID == fmt.Sprint(b.Item) && a.Number == b.Item && a.Score == b.Score
	})
}

// TestRecommend: known users get the model's lists, from many goroutines, and as
// Each gives them; others what is popular.
func TestRecommend(t *testing.T) {
	r := recommenderOf(t)
	popular := FromTimes(Times(r.catalog.Seen, 700), nil, 1).Top(make([]Scored, 0, 7), 0)
	var group sync.WaitGroup
	for u := range 31 { // u30 is unknown
		group.Go(func() {
			l, err := r.Recommend(fmt.Sprint("u", u), 7)
			want, from := popular, FromPopular
			if u < 29 {
				want, from = plainTop(*r.ranker.user, *r.ranker.item, r.catalog.Seen, int32(u), 7), FromModel
			}
			if err != nil || l.From != from || !same(l.Items, want) {
				t.Errorf("user %d: %v, %v, want %v from %s", u, l, err, want, from)
			}
		})
	}
	group.Wait()
	at := 0
	err := r.Each(context.Background(), 7, func(user string, l *List) error {
		one, err := r.Recommend(user, 7)
		if err != nil || user != fmt.Sprint("u", at) || l.From != one.From || !slices.Equal(l.Items, one.Items) {
			t.Errorf("user %s: %v, want %v", user, l, one)
		}
		at++
		return err
	})
	if err != nil || at != 30 {
		t.Errorf("%d users, %v", at, err)
	}
}

func TestRecommendEnds(t *testing.T) {
	r := recommenderOf(t)
	if _, err := r.Recommend("u1", 0); err == nil || !strings.Contains(err.Error(), "the best 0 items") {
		t.Error(err)
	}
	l, err := r.Recommend("u1", 5000)
	if want := 700 - len(r.catalog.Seen.Of(1)); err != nil || len(l.Items) != want {
		t.Errorf("%d items, want all %d that are left; %v", len(l.Items), want, err)
	}
	stop := errors.New("enough")
	if err := r.Each(context.Background(), 3, func(string, *List) error { return stop }); err != stop {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Each(ctx, 3, func(string, *List) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRecommendAllocatesNothing(t *testing.T) {
	r := recommenderOf(t)
	var l List
	if n := testing.AllocsPerRun(50, func() {
		if r.RecommendInto(&l, "u3", 10) != nil || r.RecommendInto(&l, "nobody", 10) != nil {
			t.Error("fails")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSimilar compares with cosines of vectors without the columns of biases.
func TestSimilar(t *testing.T) {
	user, item := vectors(1, 30, 6, false), vectors(2, 700, 6, false)
	for i := range user.N {
		user.Row(i)[4] = 1
	}
	for i := range item.N {
		item.Row(i)[5] = 1
	}
	plain := recommenderOf(t)
	r, err := FromVectors(user, item, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := NewRecommender(r, plain.catalog)
	if err != nil {
		t.Fatal(err)
	}
	got, err := rec.Similar("17", 5)
	if err != nil || len(got) != 5 {
		t.Fatal(got, err)
	}
	cosine := func(i, j int) float64 {
		a, b := item.Row(i), item.Row(j)
		var ab, aa, bb float64
		for k := range 4 {
			ab, aa, bb = ab+float64(a[k])*float64(b[k]), aa+float64(a[k])*float64(a[k]), bb+float64(b[k])*float64(b[k])
		}
		return ab / math.Sqrt(aa*bb)
	}
	above := 0
	for j := range 700 {
		if j != 17 && cosine(17, j) > cosine(17, int(got[4].Number))+1e-6 {
			above++
		}
	}
	for k, x := range got {
		if math.Abs(cosine(17, int(x.Number))-float64(x.Score)) > 1e-6 || x.Number == 17 || k > 0 && got[k-1].Score < x.Score {
			t.Errorf("%v has cosine %v", x, cosine(17, int(x.Number)))
		}
	}
	if above != 4 {
		t.Errorf("%d items are closer than the fifth", above)
	}
	for id, want := range map[string]string{"x": `the data has no item "x"`} {
		if _, err := rec.Similar(id, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

// TestExport reads what was written.
func TestExport(t *testing.T) {
	r := recommenderOf(t)
	dir := filepath.Join(t.TempDir(), "out")
	if err := r.Export(dir); err != nil {
		t.Fatal(err)
	}
	if err := r.Export(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a folder that is there: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "items.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "{'descr': '<f4', 'fortran_order': False, 'shape': (700, 6), }"; len(b) != 128+700*6*4 || !strings.HasPrefix(string(b[10:]), want) || b[127] != '\n' {
		t.Errorf("%d bytes, header %q", len(b), b[:128])
	}
	last := math.Float32frombits(uint32(b[len(b)-4]) | uint32(b[len(b)-3])<<8 | uint32(b[len(b)-2])<<16 | uint32(b[len(b)-1])<<24)
	if last != r.ranker.item.Row(699)[5] {
		t.Errorf("last number %v", last)
	}
	if b, err = os.ReadFile(filepath.Join(dir, "users.txt")); err != nil || !strings.HasPrefix(string(b), "u0\nu1\n") || strings.Count(string(b), "\n") != 30 {
		t.Errorf("%q, %v", b, err)
	}
}
