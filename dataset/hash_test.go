package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/cells"
)

// TestBucket: the hash is fixed, spreads evenly, and stays within the buckets.
func TestBucket(t *testing.T) {
	for text, want := range map[string]int32{"": 936, "a": 510, "Amsterdam": 784, "Zürich": 143} {
		if got := Bucket([]byte(text), 1000); got != want {
			t.Errorf("%q is in bucket %d, want %d", text, got, want)
		}
	}
	counts := make([]int, 64)
	for i := range 64 * 1000 {
		counts[Bucket(fmt.Appendf(nil, "user-%d", i), 64)]++
	}
	if lo, hi := slices.Min(counts), slices.Max(counts); lo < 850 || hi > 1150 {
		t.Errorf("%d to %d of 1000 in a bucket", lo, hi)
	}
	if Bucket([]byte("x"), 1) != 0 {
		t.Error("a single bucket is not 0")
	}
}

// hashed returns a table of cities and sizes, read from text.
func hashed(t *testing.T, o FitOptions) (*Schema, error) {
	t.Helper()
	table, err := ParseTable(strings.NewReader("city,size,y\nParis,s,1\nRome,m,2\n,l,3.5\nParis,s,4\n"), "t.csv", TableOptions{Target: "y"})
	if err != nil {
		t.Fatal(err)
	}
	return table.Fit([]int{0, 1, 2}, o)
}

// TestHashedCategories: a category has the row of its hash, whether it was seen
// or not, and a missing one has row 0; other columns keep their vocabulary.
func TestHashedCategories(t *testing.T) {
	s, err := hashed(t, FitOptions{Categories: CategoriesEmbedding, Hash: map[string]int{"city": 50}})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CatSizes(); !slices.Equal(got, []int{51, 4}) || s.Columns[0].Missing != 1 || len(s.Columns[0].Vocabulary) != 0 {
		t.Errorf("sizes %v of %v", got, s)
	}
	if text := s.Columns[0].String(); text != "categorical, hashed into 50 buckets, 1 missing" {
		t.Error(text)
	}
	e, err := NewEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	for city, want := range map[string]int32{"Paris": 1 + Bucket([]byte("Paris"), 50), "never seen": 1 + Bucket([]byte("never seen"), 50), "": 0} {
		cat, cell := make([]int32, 2), cells.TextCell([]byte(city))
		if err := e.Put(0, &cell, nil, cat); err != nil || cat[0] != want {
			t.Errorf("%q has row %d, want %d (%v)", city, cat[0], want, err)
		}
		if n := testing.AllocsPerRun(20, func() { _ = e.Put(0, &cell, nil, cat) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	if s, err = hashed(t, FitOptions{Categories: CategoriesEmbedding, Hash: map[string]int{"": 9}}); err != nil || !slices.Equal(s.CatSizes(), []int{10, 10}) {
		t.Errorf("sizes %v, %v", s.CatSizes(), err)
	}
}

// TestHashRefuses: buckets without a column, or of what is not embedded.
func TestHashRefuses(t *testing.T) {
	for want, o := range map[string]FitOptions{
		"hashed categories are embedded":         {Hash: map[string]int{"": 9}},
		`no feature column is called "town"`:     {Categories: CategoriesEmbedding, Hash: map[string]int{"town": 9}},
		"0 buckets for hashed categories":        {Categories: CategoriesEmbedding, Hash: map[string]int{"city": 0}},
		`no feature column is called "y"`:        {Categories: CategoriesEmbedding, Hash: map[string]int{"y": 9}},
		"and its categories are to be hashed: d": {Categories: CategoriesEmbedding, Hash: map[string]int{"n": 9}},
	} {
		table, err := ParseTable(strings.NewReader("city,n,y\nParis,1,1\nRome,2,2\n"), "t.csv", TableOptions{Target: "y"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.Fit([]int{0, 1}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
