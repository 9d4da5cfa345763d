package dataset

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// idx builds an IDX file.
func idx(kind byte, dims []uint32, data ...byte) []byte {
	b := []byte{0, 0, kind, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, data...)
}

// npy builds an NPY file of a version with a header such as NumPy writes.
func npy(version byte, descr, shape string, data ...byte) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape)
	return npyRaw(version, head, data...)
}

func npyRaw(version byte, head string, data ...byte) []byte {
	b := append([]byte("\x93NUMPY"), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(head)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	}
	return append(append(b, head...), data...)
}

// flat returns the elements of a tensor as float64.
func flat(t *tensor.Tensor) []float64 {
	out := make([]float64, t.Size())
	switch t.DType() {
	case tensor.F32:
		convert(out, t.F32())
	case tensor.F64:
		convert(out, t.F64())
	case tensor.I32:
		convert(out, t.I32())
	case tensor.I64:
		convert(out, t.I64())
	case tensor.U8:
		convert(out, t.U8())
	}
	return out
}

func be(v any) []byte { b, _ := binary.Append(nil, binary.BigEndian, v); return b }
func le(v any) []byte { b, _ := binary.Append(nil, binary.LittleEndian, v); return b }

func TestParseIDX(t *testing.T) {
	for _, c := range []struct {
		file []byte
		want string
		data []float64
	}{
		{idx(0x08, []uint32{2, 2}, 1, 2, 3, 255), "u8 (2, 2)", []float64{1, 2, 3, 255}},
		{idx(0x09, []uint32{2}, 1, 255), "i32 (2)", []float64{1, -1}},
		{idx(0x0b, []uint32{2}, be([]int16{-300, 7})...), "i32 (2)", []float64{-300, 7}},
		{idx(0x0c, []uint32{2}, be([]int32{-70000, 7})...), "i32 (2)", []float64{-70000, 7}},
		{idx(0x0d, []uint32{2}, be([]float32{-1.5, 7})...), "f32 (2)", []float64{-1.5, 7}},
		{idx(0x0e, []uint32{2}, be([]float64{-1.5, math.Pi})...), "f64 (2)", []float64{-1.5, math.Pi}},
		{idx(0x08, []uint32{0, 3}), "u8 (0, 3)", []float64{}},
	} {
		got, err := ParseIDX(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
		} else if got.String() != c.want || !slices.Equal(flat(got), c.data) {
			t.Errorf("%v %v, want %s %v", got, flat(got), c.want, c.data)
		}
	}
}

func TestParseIDXRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":    {nil, "header: EOF"},
		"magic":    {[]byte("PK\x03\x04...."), "begins with 50 4b 03 04"},
		"no axes":  {[]byte{0, 0, 8, 0}, "1 to 8 axes"},
		"axes":     {[]byte{0, 0, 8, 9}, "1 to 8 axes"},
		"type":     {idx(0x0a, []uint32{1}, 0), "type 0x0a"},
		"no dims":  {idx(0x08, []uint32{1})[:6], "axes: unexpected EOF"},
		"cut":      {idx(0x08, []uint32{2, 3}, 1, 2, 3), "3 bytes of data (want 6)"},
		"huge":     {idx(0x08, []uint32{math.MaxUint32, 256}, 1), "1 bytes of data (want 1099511627520)"},
		"overflow": {idx(0x0e, []uint32{math.MaxUint32, math.MaxUint32, math.MaxUint32}, 1), "too large"},
		"more":     {idx(0x08, []uint32{1}, 1, 2), "more data than the header says"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseIDX(bytes.NewReader(c.file))
			wantError(t, err, "idx: ", c.want)
		})
	}
}

func TestParseNPY(t *testing.T) {
	for _, c := range []struct {
		file []byte
		want string
		data []float64
	}{
		{npy(1, "<f4", "(2,)", le([]float32{1.5, -2})...), "f32 (2)", []float64{1.5, -2}},
		{npy(2, ">f4", "(2,)", be([]float32{1.5, -2})...), "f32 (2)", []float64{1.5, -2}},
		{npy(3, "<f8", "(1, 2)", le([]float64{1.5, math.E})...), "f64 (1, 2)", []float64{1.5, math.E}},
		{npy(1, ">f8", "(2,)", be([]float64{1.5, math.E})...), "f64 (2)", []float64{1.5, math.E}},
		{npy(1, "<i4", "(2,)", le([]int32{1, -2})...), "i32 (2)", []float64{1, -2}},
		{npy(1, "<i8", "(2,)", le([]int64{1 << 40, -2})...), "i64 (2)", []float64{1 << 40, -2}},
		{npy(1, ">i8", "(2,)", be([]int64{1 << 40, -2})...), "i64 (2)", []float64{1 << 40, -2}},
		{npy(1, "|u1", "(1, 1, 2)", 7, 255), "u8 (1, 1, 2)", []float64{7, 255}},
		{npy(1, "|b1", "(2,)", 0, 1), "u8 (2)", []float64{0, 1}},
		{npy(1, "<f4", "()", le(float32(3))...), "f32 ()", []float64{3}},
	} {
		got, err := ParseNPY(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
		} else if got.String() != c.want || !slices.Equal(flat(got), c.data) {
			t.Errorf("%v %v, want %s %v", got, flat(got), c.want, c.data)
		}
	}
}

func TestParseNPYRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":   {nil, "begins with"},
		"magic":   {[]byte("NUMPY...."), "begins with"},
		"version": {npy(4, "<f4", "(1,)"), "version 4.0"},
		"header":  {npy(1, "<f4", "(1,)")[:30], "20 bytes of data (want"},
		"long":    {append([]byte("\x93NUMPY\x02\x00"), 0xff, 0xff, 0xff, 0xff), "header of 4294967295 bytes"},
		"fortran": {npyRaw(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}"), "Fortran order (want C order): save numpy.ascontiguousarray"},
		"record":  {npyRaw(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), "no simple 'descr'"},
		"shape":   {npyRaw(1, "{'descr': '<f4', 'fortran_order': False}"), "no 'shape'"},
		"axis":    {npy(1, "<f4", "(99999999999999999999,)"), "axis"},
		"axes":    {npy(1, "<f4", "(1,1,1,1,1,1,1,1,1)"), "9 axes"},
		"type":    {npy(1, "<f2", "(1,)", 0, 0), `type "<f2" (want f4`},
		"cut":     {npy(1, "<f4", "(2,)", 0, 0, 0, 0), "4 bytes of data (want 8)"},
		"huge":    {npy(1, "<f8", "(999999999, 99)", 0), "1 bytes of data"},
		"more":    {npy(1, "|u1", "(1,)", 0, 0), "more data"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseNPY(bytes.NewReader(c.file))
			wantError(t, err, "npy: ", c.want)
		})
	}
}

// TestHeaderCostsNoMemory reads headers that promise terabytes.
func TestHeaderCostsNoMemory(t *testing.T) {
	for _, parse := range []func() error{
		func() error {
			_, err := ParseIDX(bytes.NewReader(idx(0x08, []uint32{1 << 30, 1 << 12}, 1)))
			return err
		},
		func() error {
			_, err := ParseNPY(bytes.NewReader(npy(1, "<f8", "(1073741824, 4096)", 1)))
			return err
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if parse() == nil {
			t.Error("no error")
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 68<<20 { // asked for, not written
			t.Errorf("%d bytes were allocated", n)
		}
	}
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(data)
		z.Close()
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadIDX(t *testing.T) {
	dir := t.TempDir()
	images := write(t, dir, "i.gz", idx(8, []uint32{3, 1, 2}, 0, 255, 51, 102, 0, 0))
	labels := write(t, dir, "l", idx(8, []uint32{3}, 2, 0, 1))
	m, s, err := LoadIDX(images, labels, ImageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuffers(m.Fields(), 2)
	if err := m.Gather(b, 0, []int{0, 1}); err != nil {
		t.Fatal(err)
	}
	scale := float32(1.0 / 255)
	if x := b[0].F32(); !slices.Equal(x, []float32{0, 255 * scale, 51 * scale, 102 * scale}) || x[1] != 1 {
		t.Errorf("x is %v", x)
	}
	if !slices.Equal(b[1].I32(), []int32{2, 0}) || !slices.Equal(s.Target.Classes, []string{"0", "1", "2"}) || s.Validate() != nil || s.Width() != 2 {
		t.Errorf("y %v, schema %+v", b[1].I32(), s)
	}
	m, _, err = LoadIDX(images, labels, ImageOptions{KeepShape: true})
	if err != nil || m.Fields()[0].String() != "x f32 (1, 2)" {
		t.Errorf("%v: %v", m.Fields(), err)
	}
	_, _, err = LoadIDX(images, labels, ImageOptions{Classes: []string{"a", "b"}})
	wantError(t, err, labels, "label 0 is 2 (want 0 to 1)")
	_, _, err = LoadIDX(labels, labels, ImageOptions{})
	wantError(t, err, "as many images as labels")
	_, _, err = LoadIDX(write(t, dir, "f", idx(0x0d, []uint32{1, 1}, 0, 0, 0, 0)), labels, ImageOptions{})
	wantError(t, err, "elements are f32 (want u8)")
	_, _, err = LoadIDX(filepath.Join(dir, "none"), labels, ImageOptions{})
	wantError(t, err, "none", "no such file")
	_, _, err = LoadIDX(write(t, dir, "e", idx(8, []uint32{0, 1})), write(t, dir, "el", idx(8, []uint32{0})), ImageOptions{})
	wantError(t, err, "no examples")
}

func TestLoadIDXDir(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "train-images-idx3-ubyte", idx(8, []uint32{2, 1, 1}, 5, 6))
	write(t, dir, "train-labels-idx1-ubyte.gz", idx(8, []uint32{2}, 0, 2))
	train, test, s, err := LoadIDXDir(dir, ImageOptions{})
	if err != nil || train.Len() != 2 || test != nil || len(s.Target.Classes) != 3 {
		t.Errorf("without test images: %v %v %v %v", train, test, s, err)
	}
	write(t, dir, "t10k-images-idx3-ubyte", idx(8, []uint32{1, 1, 1}, 7))
	_, _, _, err = LoadIDXDir(dir, ImageOptions{})
	wantError(t, err, "t10k-labels-idx1-ubyte", "in "+dir)
	labels := write(t, dir, "t10k-labels-idx1-ubyte", idx(8, []uint32{1}, 1))
	train, test, s, err = LoadIDXDir(dir, ImageOptions{})
	if err != nil || train.Len() != 2 || test.Len() != 1 || len(s.Target.Classes) != 3 {
		t.Errorf("%v %v %v %v", train, test, s, err)
	}
	os.WriteFile(labels, idx(8, []uint32{1}, 3), 0o666)
	_, _, _, err = LoadIDXDir(dir, ImageOptions{})
	wantError(t, err, "label 0 is 3 (want 0 to 2)")
}

func TestLoadNPY(t *testing.T) {
	dir := t.TempDir()
	x := write(t, dir, "x.npy", npy(1, "<f8", "(2, 2)", le([]float64{1, 2, 3, 4})...))
	for descr, want := range map[string]string{"<i8": "y i32 ()", "<f8": "y f32 ()"} {
		y := write(t, dir, "y.npy.gz", npy(1, descr, "(2,)", make([]byte, 16)...))
		m, err := LoadNPY(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if f := m.Fields(); f[0].String() != "x f32 (2)" || f[1].String() != want || m.Len() != 2 {
			t.Errorf("fields %v, want %s", f, want)
		}
	}
	_, err := LoadNPY(x, write(t, dir, "z.npy", npy(1, "|u1", "(3,)", 0, 0, 0)))
	wantError(t, err, "3 examples", "has 2", "z.npy")
	_, err = LoadNPY(write(t, dir, "n.npy", npy(1, "<f8", "(2, 1)", le([]float64{0, math.NaN()})...)), x)
	wantError(t, err, "example 1, element 0: NaN", "n.npy")
}

func TestCheckClasses(t *testing.T) {
	m := numbered(t, 300) // y is the number of the example
	if err := CheckClasses(m, 300); err != nil {
		t.Error(err)
	}
	wantError(t, CheckClasses(m, 290), "example 290: class 290 (want 0 to 289)")
	neg, _ := New(Column{Name: "y", Data: tensor.Of([]int32{0, -1})})
	wantError(t, CheckClasses(neg, 2), "example 1: class -1")
	values, _ := New(Column{Name: "y", Data: tensor.Of([]float32{0})})
	wantError(t, CheckClasses(values, 2), "holds no classes")
	none, _ := New(Column{Name: "x", Data: tensor.Of([]float32{0})})
	wantError(t, CheckClasses(none, 2), `no field "y"`)
}

// TestNPZ: arrays of an archive are read by name.
func TestNPZ(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, _ := z.Create("x.npy")
	header := "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }"
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	w.Write(append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8)))
	w.Write([]byte(header + "\x05\x00\x00\x00\x07\x00\x00\x00"))
	z.Close()
	f.Close()
	x, err := ReadNPY(filepath.Join(path, "x.npy"))
	if err != nil || !slices.Equal(x.I32(), []int32{5, 7}) || !HasNPZ(path, "x.npy") || HasNPZ(path, "y.npy") {
		t.Errorf("%v, %v", x, err)
	}
	_, err = ReadNPY(filepath.Join(path, "y.npy"))
	wantError(t, err, "a.npz", "no array y.npy (got x.npy)")
	_, err = ReadNPY(filepath.Join(dir, "none.npz", "x.npy"))
	wantError(t, err, "none.npz")
}
