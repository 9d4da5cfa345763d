package digits

import (
	"slices"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

func TestLoad(t *testing.T) {
	ds, s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil || s.Width() != pixels || s.Rows != 1797 {
		t.Errorf("schema %+v: %v", s, err)
	}
	if err := dataset.CheckClasses(ds, len(s.Target.Classes)); err != nil {
		t.Error(err)
	}
	if ds.Len() != 1797 {
		t.Fatalf("%d images, want 1797", ds.Len())
	}
	all := make([]int, ds.Len())
	for i := range all {
		all[i] = i
	}
	buf := dataset.NewBuffers(ds.Fields(), ds.Len())
	if err := ds.Gather(buf, 0, all); err != nil {
		t.Fatal(err)
	}
	counts := make([]int, classes)
	for _, y := range buf[1].I32() {
		counts[y]++
	}
	// optdigits.names lists these counts of the test set.
	if want := []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; !slices.Equal(counts, want) {
		t.Errorf("counts %v, want %v", counts, want)
	}
	x := buf[0].F32()
	if lo, hi := slices.Min(x), slices.Max(x); lo != 0 || hi != 1 {
		t.Errorf("pixels from %v to %v, want 0 to 1", lo, hi)
	}
	// The first line of the file begins 0,0,5,13,9,1,0,0 and is a zero.
	if want := []float32{0, 0, 5. / 16, 13. / 16, 9. / 16, 1. / 16, 0, 0}; !slices.Equal(x[:8], want) || buf[1].I32()[0] != 0 {
		t.Errorf("first row %v of a %d", x[:8], buf[1].I32()[0])
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}
