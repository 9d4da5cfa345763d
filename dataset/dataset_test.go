package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// numbered has n examples whose fields all tell the example's number: x is
// (i, 10i), img u8 (i, i+1, ..), y is i.
func numbered(t testing.TB, n int) *Memory {
	t.Helper()
	x, img, y := make([]float64, 2*n), make([]uint8, 11*n), make([]int64, n)
	for i := range n {
		x[2*i], x[2*i+1], y[i] = float64(i), float64(10*i), int64(i)
		for j := range 11 {
			img[11*i+j] = uint8(i + j)
		}
	}
	m, err := New(
		Column{Name: FieldX, Data: tensor.Of(x, n, 2)},
		Column{Name: "img", Data: tensor.Of(img, n, 11), Scale: 0.5, Shift: 1},
		Column{Name: FieldY, Data: tensor.Of(y)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// checkRow fails unless row of a batch is example i of numbered.
func checkRow(t testing.TB, batch []*tensor.Tensor, row, i int) {
	t.Helper()
	x, img := batch[0].F32()[2*row:], batch[1].F32()[11*row:]
	if x[0] != float32(i) || x[1] != float32(10*i) || batch[2].I32()[row] != int32(i) {
		t.Errorf("row %d: x %v y %d, want example %d", row, x[:2], batch[2].I32()[row], i)
	}
	for j := range 11 {
		if want := float32(uint8(i+j))*0.5 + 1; img[j] != want {
			t.Errorf("row %d: img[%d] = %v, want %v", row, j, img[j], want)
		}
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q lacks %q", err, p)
		}
	}
}

func TestMemoryGather(t *testing.T) {
	m := numbered(t, 20)
	want := []Field{{FieldX, tensor.F32, tensor.Shape{2}}, {"img", tensor.F32, tensor.Shape{11}}, {FieldY, tensor.I32, nil}}
	for i, f := range m.Fields() {
		if f.String() != want[i].String() {
			t.Errorf("field %d is %v, want %v", i, f, want[i])
		}
	}
	batch := NewBuffers(m.Fields(), 7)
	batch[0].F32()[0], batch[0].F32()[13] = -1, -2
	if err := m.Gather(batch, 1, []int{3, 19, 0, 3, 7}); err != nil {
		t.Fatal(err)
	}
	for row, i := range []int{3, 19, 0, 3, 7} {
		checkRow(t, batch, row+1, i)
	}
	if batch[0].F32()[0] != -1 || batch[0].F32()[13] != -2 {
		t.Error("gather wrote outside its rows")
	}
}

func TestGatherRefuses(t *testing.T) {
	m := numbered(t, 4)
	batch := NewBuffers(m.Fields(), 2)
	wantError(t, m.Gather(batch, 0, []int{4}), "example 4", "0 to 3")
	wantError(t, m.Gather(batch, 0, []int{-1}), "example -1")
	wantError(t, m.Gather(batch, 1, []int{0, 1}), "rows 1 to 3", "f32 (2, 2)")
	wantError(t, m.Gather(batch[:2], 0, []int{0}), "2 tensors (want 3)")
	batch[2] = tensor.New(tensor.F32, 2)
	wantError(t, m.Gather(batch, 0, []int{0}), "field y i32 ()", "f32 (2)")
}

func TestNewRefuses(t *testing.T) {
	f32 := func(v ...float32) *tensor.Tensor { return tensor.Of(v) }
	for name, c := range map[string]struct {
		cols []Column
		want string
	}{
		"none":      {nil, "no columns"},
		"empty":     {[]Column{{Name: "x", Data: tensor.New(tensor.F32, 0, 3)}}, "no examples"},
		"twice":     {[]Column{{Name: "x", Data: f32(1)}, {Name: "x", Data: f32(1)}}, "used twice"},
		"lengths":   {[]Column{{Name: "x", Data: f32(1)}, {Name: "y", Data: f32(1, 2)}}, `"y" has 2 examples, field "x" has 1`},
		"scalar":    {[]Column{{Name: "x", Data: tensor.Scalar[float32](1)}}, "without an example axis"},
		"nan":       {[]Column{{Name: "x", Data: tensor.Of([]float32{1, 2, 3, float32(math.NaN())}, 2, 2)}}, "example 1, element 1: NaN"},
		"inf":       {[]Column{{Name: "x", Data: tensor.Of([]float64{1, math.Inf(1)})}}, "example 1, element 0: +Inf"},
		"overflow":  {[]Column{{Name: "x", Data: tensor.Of([]float64{1e39})}}, "example 0, element 0: +Inf"},
		"big":       {[]Column{{Name: "y", Data: tensor.Of([]int64{0, 1 << 31})}}, "example 1, element 0: 2147483648"},
		"fraction":  {[]Column{{Name: "y", Data: f32(0, 0.5), DType: tensor.I32}}, "example 1, element 0: 0.5"},
		"nan class": {[]Column{{Name: "y", Data: f32(float32(math.NaN())), DType: tensor.I32}}, "NaN"},
		"type":      {[]Column{{Name: "y", Data: f32(0), DType: tensor.F64}}, "type f64"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c.cols...)
			wantError(t, err, c.want)
		})
	}
}

func TestNewConverts(t *testing.T) {
	for name, data := range map[string]*tensor.Tensor{
		"u8": tensor.Of([]uint8{0, 7, 255}), "f32": tensor.Of([]float32{0, 7, 255}), "f64": tensor.Of([]float64{0, 7, 255}),
		"i32": tensor.Of([]int32{0, 7, 255}), "i64": tensor.Of([]int64{0, 7, 255}),
	} {
		m, err := New(Column{Name: "f", Data: data, DType: tensor.F32}, Column{Name: "i", Data: data, DType: tensor.I32})
		if err != nil {
			t.Fatal(name, err)
		}
		b := NewBuffers(m.Fields(), 3)
		if err := m.Gather(b, 0, []int{2, 1, 0}); err != nil {
			t.Fatal(name, err)
		}
		if !slices.Equal(b[0].F32(), []float32{255, 7, 0}) || !slices.Equal(b[1].I32(), []int32{255, 7, 0}) {
			t.Errorf("%s became %v and %v", name, b[0].F32(), b[1].I32())
		}
	}
}

func TestSubsetAndRange(t *testing.T) {
	m := numbered(t, 600)
	r, err := Range(m, 100, 500)
	if err != nil {
		t.Fatal(err)
	}
	odd := make([]int, 200)
	for i := range odd {
		odd[i] = 2*i + 1
	}
	s, err := Subset(r, odd)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, s.Len()+100)
	for i := range all {
		all[i] = (7 * i) % s.Len()
	}
	batch := NewBuffers(s.Fields(), len(all)) // more rows than one chunk
	if err := s.Gather(batch, 0, all); err != nil {
		t.Fatal(err)
	}
	for row, i := range all {
		checkRow(t, batch, row, 100+2*i+1)
	}
	wantError(t, s.Gather(batch, 0, []int{200}), "example 200", "0 to 199")
	_, err = Subset(m, []int{5, 600})
	wantError(t, err, "example 600 at place 1")
	_, err = Range(m, 5, 601)
	wantError(t, err, "5 to 601", "0 to 600")
}

func TestFindField(t *testing.T) {
	m := numbered(t, 1)
	if f, err := FindField(m, "y"); err != nil || f.DType != tensor.I32 {
		t.Error(f, err)
	}
	_, err := FindField(m, "weight")
	wantError(t, err, `no field "weight"`, "x, img, y")
}

func TestGatherAllocatesNothing(t *testing.T) {
	m := numbered(t, 50)
	s, err := Subset(m, []int{4, 9, 30})
	if err != nil {
		t.Fatal(err)
	}
	table, schema := peopleSchema(t, FitOptions{})
	oneHot, err := schema.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, ds := range []Dataset{m, s, oneHot} {
		batch, idx := NewBuffers(ds.Fields(), 3), []int{2, 0, 1}
		n := testing.AllocsPerRun(1000, func() {
			if err := ds.Gather(batch, 0, idx); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0.01 && !raceEnabled {
			t.Errorf("%T: %v allocations per gather", ds, n)
		}
	}
}

func BenchmarkGatherU8(b *testing.B) {
	const n, width, batch = 10000, 784, 128
	m, err := New(Column{Name: FieldX, Data: tensor.New(tensor.U8, n, width), Scale: 1.0 / 255})
	if err != nil {
		b.Fatal(err)
	}
	buf, idx := NewBuffers(m.Fields(), batch), make([]int, batch)
	for i := range idx {
		idx[i] = i * 7919 % n
	}
	b.SetBytes(batch * width)
	for b.Loop() {
		if err := m.Gather(buf, 0, idx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/row")
}
