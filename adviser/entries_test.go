package adviser

import (
	"slices"
	"testing"

	"github.com/descent-ml/descent/train"
)

// searching is a search on the digits with a pace, and batches as large as they come.
func searching(t *testing.T, p Pace) *search {
	c := handwriting(t)
	a := &adviser{problem: &problem{train: c.Data, size: 32}}
	a.Pace, a.Current = p, Setting{32, 1e-3}
	a.Memory = train.Ceiling{Whole: 1 << 20, Batch: 1 << 20}
	return &search{adviser: a}
}

// Sizes that cannot be the best are not raced: updates of a few examples that take as long
// as those of many, and large batches with less throughput.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		pace Pace
		want []int
	}{
		{line(1e-3, 1e-5, ladder(4096)), []int{8, 32}}, // a quarter of 400 examples at most; 2 takes as long as 8
		{line(1, 1e-6, ladder(4096)), []int{32}},
		{line(0, 1e-3, ladder(4096)), []int{2, 8, 32}},
	} {
		if got := searching(t, c.pace).sizes(); !slices.Equal(got, c.want) {
			t.Errorf("%v + %v·B: sizes %v, want %v", c.pace.Fixed, c.pace.PerExample, got, c.want)
		}
	}
}

func TestEntries(t *testing.T) {
	s := searching(t, line(1e-3, 1e-5, ladder(4096)))
	all := s.entries(10)
	if all[0] != s.Current || len(all) != 1+2*3 || !slices.Contains(all, Setting{8, 5e-4}) || !slices.Contains(all, Setting{32, 0.00316}) {
		t.Errorf("entries %v", all)
	}
	if few := s.entries(1e-3); few != nil {
		t.Errorf("in a millisecond: %v", few)
	}
	near := s.neighbors(Setting{64, 0.01}, 1)
	if !slices.Equal(near, []Setting{{64, 0.00562}, {64, 0.0178}, {32, 0.00707}, {128, 0.0141}}) {
		t.Errorf("neighbors %v", near)
	}
}
