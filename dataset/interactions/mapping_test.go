package interactions

import (
	"reflect"
	"slices"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// TestMappedTables: whatever is made of a table in files is what is made of the
// same table in memory.
func TestMappedTables(t *testing.T) {
	path := write(t, "clicks.csv", someLines(3000, ""))
	table := load(t, path, Options{}, all)
	memory := grouped(load(t, path, Options{}, Cache{}))
	byTime := func(t *Table) Parts { p, _ := ByTime(t, 0.1, 0.2); return p }
	for name, split := range map[string]func(*Table) Parts{
		"leave one out": func(t *Table) Parts { return LeaveOneOut(t, true) },
		"by time":       byTime,
		"random":        func(t *Table) Parts { return Random(t, 3, 0.1, 0.2) },
		"folds":         func(t *Table) Parts { return Folds(t, 3, 5, 2, 0.1) },
		"distinct":      func(t *Table) Parts { return Parts{Train: Distinct(t), Val: AtLeast(t, 3)} },
	} {
		p, want := split(table), split(memory)
		if !slices.Equal(p.Train, want.Train) || !slices.Equal(p.Val, want.Val) || !slices.Equal(p.Test, want.Test) {
			t.Fatalf("%s: %d, %d, %d rows, want %d, %d, %d", name, len(p.Train), len(p.Val), len(p.Test), len(want.Train), len(want.Val), len(want.Test))
		}
		part, wantPart := table.Rows(p.Train), memory.Rows(want.Train)
		checkTables(t, part, wantPart)
		checkTables(t, part.Among(30, 40), wantPart.Among(30, 40))
		known, wantKnown := NewKnown(part, table.Rows(p.Val)), NewKnown(wantPart, memory.Rows(want.Val))
		if !slices.Equal(known.Start, wantKnown.Start) || !slices.Equal(known.Item, wantKnown.Item) {
			t.Fatalf("%s: other items are known", name)
		}
		if !slices.Equal(packKnown(known), packKnown(wantKnown)) {
			t.Fatalf("%s: other items are packed", name)
		}
		o := NegativeOptions{Count: 2, Sampler: Popularity}
		o.Known = known
		neg := negatives(t, part, o)
		o.Known = wantKnown
		compareExamples(t, name, NewListwise(part, neg, true), NewListwise(wantPart, negatives(t, wantPart, o), true))
	}
}

// compareExamples compares what an epoch asks for, and digests.
func compareExamples(t *testing.T, name string, got, want *Listwise) {
	t.Helper()
	n := got.Len()
	a, b, indices := dataset.NewBuffers(got.Fields(), n), dataset.NewBuffers(want.Fields(), n), make([]int, n)
	dataset.OrderOf(got, 1)(indices, 2, 0)
	if err := got.Gather(a, 0, indices); err != nil {
		t.Fatal(err)
	}
	if err := want.Gather(b, 0, indices); err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if !reflect.DeepEqual(a[i], b[i]) {
			t.Fatalf("%s: field %s differs", name, got.Fields()[i])
		}
	}
	if got.Digest() != want.Digest() {
		t.Errorf("%s: the digests differ", name)
	}
}

// TestMappedOrder: a large table in files is taken by blocks, every example once
// an epoch, and the order does with less than all of its memory.
func TestMappedOrder(t *testing.T) {
	table := load(t, write(t, "clicks.csv", someLines(3000, "")), Options{}, all)
	per := 2*dataset.WindowExamples/table.Len() + 1
	neg := negatives(t, table, NegativeOptions{Count: per - 1, Known: NewKnown(table)})
	ds := NewPointwise(table, neg)
	order, n := dataset.OrderOf(ds, 1), ds.Len()
	indices, seen := make([]int, n), make([]bool, n)
	order(indices, 3, 0)
	for _, x := range indices {
		if x -= 3 * n; x < 0 || x >= n || seen[x] {
			t.Fatalf("example %d is not in the epoch, or twice", x)
		}
		seen[x] = true
	}
	window := slices.Sorted(slices.Values(indices[:dataset.WindowExamples]))
	runs := 0
	for i := 1; i < len(window); i++ {
		if window[i] > window[i-1]+1 {
			runs++
		}
	}
	if blocks := dataset.WindowExamples / dataset.BlockExamples; runs > blocks {
		t.Errorf("a window is %d ranges, want %d blocks", runs, blocks)
	}
}
