package dataset_test

import (
	"image"
	"slices"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// TestPicture: all values of pixels come back from their features.
func TestPicture(t *testing.T) {
	for name, m := range map[string]*dataset.ImageSchema{
		"flat gray":  {Shape: []int{16, 16}, Scale: 1.0 / 255},
		"shifted":    {Shape: []int{16, 16}, Scale: 2.0 / 255, Shift: -1},
		"gray":       {Shape: []int{16, 16, 1}, Mean: []float64{0.13}, Std: []float64{0.31}},
		"colour":     {Shape: []int{8, 32, 3}, Mean: []float64{0.49, 0.48, 0.45}, Std: []float64{0.25, 0.24, 0.26}},
		"one colour": {Shape: []int{16, 16, 3}, Scale: 1.0 / 255},
	} {
		x := make([]float32, tensor.Shape(m.Shape).Size())
		want := make([]uint8, len(x))
		for i := range x {
			want[i] = uint8(i * 7)
			x[i] = m.Feature(i, float32(want[i]))
		}
		var got []uint8
		switch p := m.Picture(x).(type) {
		case *image.Gray:
			got = p.Pix
		case *image.NRGBA:
			for i, v := range p.Pix {
				if i%4 < 3 {
					got = append(got, v)
				} else if v != 255 {
					t.Fatalf("%s: not opaque", name)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	dark := dataset.ImageSchema{Shape: []int{1, 3}, Scale: 1.0 / 16}
	if got := dark.Picture([]float32{0, 0.5, 1}).(*image.Gray).Pix; !slices.Equal(got, []uint8{0, 128, 255}) {
		t.Errorf("pixels up to 16 are %v", got)
	}
	for _, shape := range [][]int{{4}, {2, 2, 2}, {1, 1, 1, 4}, {2, 3}} {
		m := dataset.ImageSchema{Shape: shape, Scale: 1}
		if p := m.Picture(make([]float32, 4)); p != nil {
			t.Errorf("shape %v has a picture", shape)
		}
	}
}

type named struct{ dataset.Dataset }

func (named) Name(i int) string { return string(rune('a' + i)) }

// TestNameOf: names are found through subsets of subsets.
func TestNameOf(t *testing.T) {
	m, err := dataset.New(dataset.Column{Name: "x", Data: tensor.Of([]float32{1, 2, 3, 4, 5, 6})})
	if err != nil {
		t.Fatal(err)
	}
	for ds, want := range map[dataset.Dataset]string{m: "", named{m}: "e"} {
		list, err := dataset.Subset(ds, []int{5, 0, 4})
		if err != nil {
			t.Fatal(err)
		}
		part, err := dataset.Range(list, 1, 3)
		if err != nil {
			t.Fatal(err)
		}
		if got := dataset.NameOf(part, 1); got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
}
