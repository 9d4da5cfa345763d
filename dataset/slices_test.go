package dataset

import (
	"math"
	"slices"
	"testing"
)

func TestFromSlices(t *testing.T) {
	m, err := FromSlices([][]float32{{1, 2}, {3, 4}, {5, 6}}, []int{0, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuffers(m.Fields(), 2)
	if err := m.Gather(b, 0, []int{2, 1}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b[0].F32(), []float32{5, 6, 3, 4}) || !slices.Equal(b[1].I32(), []int32{1, 2}) {
		t.Errorf("x %v y %v", b[0].F32(), b[1].I32())
	}
	v, err := FromSlices([][]uint8{{1}, {255}}, []float64{0.25, -1})
	if err != nil || v.Fields()[1].String() != "y f32 ()" || v.Fields()[0].String() != "x f32 (1)" {
		t.Errorf("%v %v", v, err)
	}
}

func TestFromSlicesRefuses(t *testing.T) {
	_, err := FromSlices([][]float32{{1}}, []int{})
	wantError(t, err, "1 examples with 0 targets")
	_, err = FromSlices([][]float32{}, []int{})
	wantError(t, err, "no examples")
	_, err = FromSlices([][]float32{{1}, {1, 2}}, []int{0, 1})
	wantError(t, err, "example 1 has 2 features (want 1")
	_, err = FromSlices([][]float64{{1}, {math.NaN()}}, []int{0, 1})
	wantError(t, err, `field "x", example 1, element 0: NaN`)
	_, err = FromSlices([][]float64{{1}}, []int64{1 << 40})
	wantError(t, err, `field "y", example 0`)
}

func TestFromSeqReusesSlice(t *testing.T) {
	m, err := FromSeq(func(yield func([]int, float32) bool) {
		buf := make([]int, 1)
		for i := range 3 {
			if buf[0] = i; !yield(buf, float32(i)/2) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuffers(m.Fields(), 3)
	if err := m.Gather(b, 0, []int{0, 1, 2}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b[0].F32(), []float32{0, 1, 2}) || !slices.Equal(b[1].F32(), []float32{0, 0.5, 1}) {
		t.Errorf("x %v y %v", b[0].F32(), b[1].F32())
	}
}

type flower struct {
	Petal   [2]float32
	Wild    bool
	Colour  string
	Zone    int       `descent:",categorical"`
	Scents  []float64 `descent:"scent"`
	Species string    `descent:"species,target"`
	Count   uint16    `descent:"count,weight"`
	Note    any       `descent:"-"`
	hidden  func()
}

func TestTableOf(t *testing.T) {
	flowers := []flower{
		{[2]float32{0.1, 2}, true, "red", 10, []float64{1e-30}, "rose", 1, nil, nil},
		{[2]float32{3, -4}, false, "", 9, []float64{2}, "lily", 2, 5, nil},
	}
	table, err := TableOf(slices.Values(flowers))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := dump(table), "Petal.0,Petal.1,Wild,Colour,Zone,scent.0,species,count:0.1,2,1,red,10,1e-30,rose,1;3,-4,0,,9,2,lily,2;"; got != want {
		t.Errorf("table %q, want %q", got, want)
	}
	s := fit(t, table, allRows(table), FitOptions{NoStandardize: true})
	got := encoded(t, s, table)
	if x := got["x"].F32(); !slices.Equal(x, []float32{0.1, 2, 1, 0, 1, 0, 1, 1e-30, 3, -4, 0, 1, 0, 1, 0, 2}) {
		t.Errorf("features %v are %v", s.FeatureNames(), x)
	}
	if !slices.Equal(got["y"].I32(), []int32{1, 0}) || !slices.Equal(got["weight"].F32(), []float32{1, 2}) || !slices.Equal(s.Target.Classes, []string{"lily", "rose"}) {
		t.Errorf("y %v weight %v classes %v", got["y"].I32(), got["weight"].F32(), s.Target.Classes)
	}
}

func TestTableOfBoolTarget(t *testing.T) {
	type mail struct {
		Words int
		Spam  bool `descent:",target"`
	}
	table, err := TableOf(slices.Values([]mail{{1, true}, {2, false}}))
	if err != nil {
		t.Fatal(err)
	}
	if s := fit(t, table, allRows(table), FitOptions{}); !slices.Equal(s.Target.Classes, []string{"false", "true"}) {
		t.Errorf("classes %v", s.Target.Classes)
	}
}

func TestTableOfRefuses(t *testing.T) {
	refuse := func(err error, want ...string) {
		t.Helper()
		wantError(t, err, want...)
	}
	_, err := TableOf(slices.Values([]int{1}))
	refuse(err, "int", "want a struct")
	_, err = TableOf(slices.Values([]flower{}))
	refuse(err, "dataset.flower: no examples")
	_, err = TableOf(slices.Values([]struct{ A map[string]int }{{}}))
	refuse(err, "field A is a map[string]int")
	_, err = TableOf(slices.Values([]struct {
		A int `descent:",goal"`
	}{{}}))
	refuse(err, `field A: tag option "goal"`)
	_, err = TableOf(slices.Values([]struct {
		A, B int `descent:",target"`
	}{{}}))
	refuse(err, "field B: the target must be one column")
	_, err = TableOf(slices.Values([]struct {
		A []int `descent:",target"`
	}{{}}))
	refuse(err, "field A: the target must be one column (got []int")
	_, err = TableOf(slices.Values([]struct {
		A int
		B int `descent:"A"`
	}{{}}))
	refuse(err, `"A" is used twice`)
	_, err = TableOf(slices.Values([]flower{{Scents: []float64{1}}, {}}))
	refuse(err, "dataset.flower:2: 7 values (want 8")
	_, err = TableOf(slices.Values([]flower{{Petal: [2]float32{0, float32(math.Inf(1))}}}))
	refuse(err, `dataset.flower:1: column "Petal": +Inf`)
}
