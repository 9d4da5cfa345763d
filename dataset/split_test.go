package dataset

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// checkCover fails unless the lists are sorted and hold 0 to n-1 once each.
func checkCover(t *testing.T, n int, lists map[string][]int) {
	t.Helper()
	var all []int
	for name, l := range lists {
		if !slices.IsSorted(l) {
			t.Errorf("%s is not sorted", name)
		}
		all = append(all, l...)
	}
	slices.Sort(all)
	for i, x := range all {
		if i != x {
			t.Fatalf("example %d is missing or twice", i)
		}
	}
	if len(all) != n {
		t.Errorf("%d examples, want %d", len(all), n)
	}
}

func TestSplit(t *testing.T) {
	s, err := Split(1797, 1, Part{"test", 0.2}, Part{"val", 0.1}, Part{"none", 0})
	if err != nil {
		t.Fatal(err)
	}
	checkCover(t, 1797, s)
	if len(s["test"]) != 359 || len(s["val"]) != 180 || len(s["none"]) != 0 || len(s["train"]) != 1258 {
		t.Errorf("sizes %d %d %d %d", len(s["test"]), len(s["val"]), len(s["none"]), len(s["train"]))
	}
	again, _ := Split(1797, 1, Part{"test", 0.2})
	if !slices.Equal(s["test"], again["test"]) {
		t.Error("the test part depends on the parts behind it")
	}
	other, _ := Split(1797, 2, Part{"test", 0.2})
	if slices.Equal(s["test"], other["test"]) {
		t.Error("the seed makes no difference")
	}
	sum := 0.0
	for _, i := range s["test"] {
		sum += float64(i)
	}
	// The mean place of 359 draws has deviation 1797/sqrt(12*359) = 27.
	if mean := sum / 359; math.Abs(mean-898) > 4*27 {
		t.Errorf("mean place of the test part %.0f, want about 898", mean)
	}
}

func TestSplitSmall(t *testing.T) {
	s, err := Split(3, 0, Part{"val", 0.1}, Part{"test", 0.1})
	if err != nil {
		t.Fatal(err)
	}
	checkCover(t, 3, s)
	if len(s["val"]) != 1 || len(s["test"]) != 1 {
		t.Error("a part above 0 is empty", s)
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		n     int
		parts []Part
		want  string
	}{
		{0, nil, "no examples"},
		{2, []Part{{"val", 0.1}, {"test", 0.1}}, "leave none for training"},
		{10, []Part{{"val", 1}}, `part "val" is 1`},
		{10, []Part{{"val", math.NaN()}}, "NaN"},
		{10, []Part{{"val", -0.1}}, "-0.1"},
		{10, []Part{{"val", 0.1}, {"val", 0.1}}, "used twice"},
		{10, []Part{{"train", 0.1}}, `"train"`},
	} {
		_, err := Split(c.n, 1, c.parts...)
		wantError(t, err, c.want)
		_, err = SplitStratified(make([]int32, c.n), 1, c.parts...)
		wantError(t, err, c.want)
	}
}

func TestSplitStratified(t *testing.T) {
	classes := make([]int32, 1000)
	for i := range classes {
		if i%10 == 0 {
			classes[i] = 1
		}
	}
	s, err := SplitStratified(classes, 3, Part{"val", 0.1}, Part{"test", 0.2})
	if err != nil {
		t.Fatal(err)
	}
	checkCover(t, 1000, s)
	for name, want := range map[string]int{"val": 10, "test": 20, "train": 70} {
		rare := 0
		for _, i := range s[name] {
			rare += int(classes[i])
		}
		if rare != want || len(s[name]) != 10*want {
			t.Errorf("%s has %d examples, %d of the rare class (want %d, %d)", name, len(s[name]), rare, 10*want, want)
		}
	}
}

func TestShuffled(t *testing.T) {
	const n = 100
	order, again := Shuffled(n, 7), Shuffled(n, 7)
	epoch := func(o Order, e int) []int {
		l := make([]int, n)
		for i := range l {
			l[i] = o.At(e, i)
		}
		return l
	}
	zero, one := epoch(order, 0), epoch(order, 1)
	checkCover(t, n, map[string][]int{"": slices.Sorted(slices.Values(zero))})
	if slices.Equal(zero, one) {
		t.Error("two epochs have the same order")
	}
	if !slices.Equal(one, epoch(again, 1)) || !slices.Equal(zero, epoch(order, 0)) {
		t.Error("the order is not a function of seed and epoch")
	}
	if slices.Equal(zero, epoch(Shuffled(n, 8), 0)) {
		t.Error("the seed makes no difference")
	}
}

func TestShuffledAllocatesNothing(t *testing.T) {
	order, epoch, dst := Shuffled(100, 7), 0, make([]int, 9)
	if n := testing.AllocsPerRun(100, func() { order(dst, epoch, 3); epoch++ }); n != 0 {
		t.Errorf("%v allocations per epoch", n)
	}
}

// TestShuffledConcurrently: goroutines in different epochs do not see each
// other's order, and a place that is not there leaves it usable.
func TestShuffledConcurrently(t *testing.T) {
	const n, epochs = 100, 4
	order := Shuffled(n, 7)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("there is no place 100 of 100")
			}
		}()
		order.At(0, n)
	}()
	var wg sync.WaitGroup
	for e := range epochs {
		wg.Go(func() {
			alone := Shuffled(n, 7)
			for i := range n {
				if got, want := order.At(e, i), alone.At(e, i); got != want {
					t.Errorf("epoch %d, place %d: %d, want %d", e, i, got, want)
				}
			}
		})
	}
	wg.Wait()
}
