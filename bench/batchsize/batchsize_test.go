package main

import (
	"math"
	"path/filepath"
	"testing"
)

func TestClockIsALineBetweenSizes(t *testing.T) {
	c := clock{{1, 11}, {4, 14}, {16, 26}}
	for size, want := range map[int]float64{1: 11, 2: 12, 8: 18, 16: 26, 32: 42} {
		if got := c.update(size); got != want {
			t.Errorf("an update of %d: %v seconds, want %v", size, got, want)
		}
	}
	if a, b := c.line(); math.Abs(a-10) > 1e-9 || math.Abs(b-1) > 1e-9 {
		t.Errorf("line %v + %v B, want 10 + B", a, b)
	}
	if got := c.of(counts{4: 2, 2: 1}); got != 40 {
		t.Errorf("two updates of 4 and one of 2: %v seconds, want 40", got)
	}
}

func TestBookReadsWhatItWrites(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "results")
	b, err := openBook(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := trial{key: key{"mnist", "fixed", 32, rateAt(-21), 7}, reached: true, best: 0.9712, counts: counts{32: 1000, 20: 1}}
	if err := b.add(want); err != nil {
		t.Fatal(err)
	}
	b.close()
	if b, err = openBook(folder); err != nil {
		t.Fatal(err)
	}
	defer b.close()
	got, known := b.trials[want.key]
	if !known || !got.reached || got.best != want.best || got.counts.String() != want.counts.String() || got.counts.examples() != 32020 {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
}

// TestTuneFindsTheBestBetweenTwoWorseOnes searches a bowl whose trials are in the book.
func TestTuneFindsTheBestBetweenTwoWorseOnes(t *testing.T) {
	toy := &task{name: "toy", higher: true, epochs: 40}
	b := &book{trials: map[key]trial{}, clocks: map[string]clock{"toy": {{1, 1}, {64, 64}}}}
	for k := -60; k <= 0; k++ {
		updates := 1000 + (k+27)*(k+27)
		for _, seed := range tuningSeeds {
			id := key{"toy", "fixed", 32, rateAt(k), seed}
			b.trials[id] = trial{key: id, reached: true, counts: counts{32: updates}}
		}
	}
	for _, from := range []int{-50, -27, -8} {
		s := tuning{b, toy, options{}, 32, math.Inf(1), map[int]score{}}
		k, err := s.search(from)
		if err != nil || k != -27 {
			t.Errorf("from %d: the best is %d, want -27 (%v)", from, k, err)
		}
	}
}

func TestRatioIsPaired(t *testing.T) {
	c := clock{{1, 1}, {2, 2}}
	a, b := &group{trials: map[int]trial{}}, &group{trials: map[int]trial{}}
	for seed, n := range []int{100, 150, 300, 120} {
		a.trials[seed], b.trials[seed] = trial{counts: counts{1: 2 * n}}, trial{counts: counts{1: n}}
	}
	b.trials[9] = trial{counts: counts{1: 1e6}} // of a seed that the other has not
	if r, low, high := ratio(a, b, c); r != 2 || low != 2 || high != 2 {
		t.Errorf("ratio %v, %v to %v, want 2 exactly", r, low, high)
	}
}
