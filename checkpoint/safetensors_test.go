package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// equal compares names, types, shapes and bits.
func equal(t *testing.T, got, want Tensors) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Fatalf("names: got %v, want %v", got, want)
	}
	for name, w := range want {
		g := got[name]
		if g.DType() != w.DType() || !g.Shape().Equal(w.Shape()) || !bytes.Equal(memory(g), memory(w)) {
			t.Errorf("%s: got %v % x, want %v % x", name, g, memory(g), w, memory(w))
		}
	}
}

// samples has every type, a scalar, an empty tensor and bits that arithmetic would not keep.
func samples() Tensors {
	nan := math.Float32frombits(0x7fa00001) // a signaling NaN with a payload
	return Tensors{
		"0.weight":         tensor.Of([]float32{1, -2, 3.5, nan, float32(math.Inf(-1)), float32(math.Copysign(0, -1))}, 2, 3),
		"0.bias":           tensor.Of([]float32{0.25, 1e-45}),
		"optim/0.weight/m": tensor.Of([]float64{1.0 / 3, math.MaxFloat64, math.NaN()}),
		"steps":            tensor.Of([]int64{math.MinInt64, math.MaxInt64}, 2, 1),
		"codes":            tensor.Of([]int32{math.MinInt32, -1, math.MaxInt32}),
		"bytes":            tensor.Of([]uint8{0, 127, 255}, 1, 3, 1),
		"scalar":           tensor.Scalar(float32(2.5)),
		"empty":            tensor.New(tensor.F32, 0, 4),
		`odd "<&>" ü\n`:    tensor.Of([]uint8{7}),
	}
}

func encoded(t testing.TB, ts Tensors, meta map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Encode(&buf, ts, meta); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func decodeBytes(b []byte) (Tensors, map[string]string, error) {
	return Decode(bytes.NewReader(b), int64(len(b)))
}

func TestRoundTrip(t *testing.T) {
	meta := map[string]string{"a": "1", `k"<>`: "\u2028 ü\x00"}
	b := encoded(t, samples(), meta)
	got, gotMeta, err := decodeBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, samples())
	if !maps.Equal(gotMeta, meta) {
		t.Errorf("metadata: got %q, want %q", gotMeta, meta)
	}
	for range 20 { // the order of a map is random
		if !bytes.Equal(encoded(t, samples(), maps.Clone(meta)), b) {
			t.Fatal("two encodings differ")
		}
	}
	h, raw, err := readHeader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range h.Entries {
		if at := uint64(len(raw)) + e.begin; at%uint64(fileTypes[e.DType].size) != 0 {
			t.Errorf("%s begins at byte %d, not aligned for %s", e.Name, at, e.DType)
		}
	}
}

// Large tensors pass in many chunks, with a ragged last one, and beside small ones.
func TestRoundTripLarge(t *testing.T) {
	big := tensor.New(tensor.F32, 3, chunk/4+7)
	for i := range big.F32() {
		big.F32()[i] = float32(i)
	}
	ts := Tensors{"big": big, "a": tensor.Of([]float32{1}), "z": tensor.Of([]uint8{1, 2, 3})}
	got, _, err := decodeBytes(encoded(t, ts, nil))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, ts)
}

// On a machine of the other byte order memory is swapped on both ways.
func TestSwapped(t *testing.T) {
	native := encoded(t, samples(), nil)
	swapped = !swapped
	defer func() { swapped = !swapped }()
	other := encoded(t, samples(), nil)
	got, _, err := decodeBytes(other)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, samples())
	h, raw, _ := readHeader(bytes.NewReader(native), int64(len(native)))
	for _, e := range h.Entries {
		a, b := native[len(raw):][e.begin:e.end], slices.Clone(other[len(raw):][e.begin:e.end])
		for c := b; len(c) > 0; c = c[fileTypes[e.DType].size:] {
			slices.Reverse(c[:fileTypes[e.DType].size])
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s: % x is not % x with each element reversed", e.Name, a, b)
		}
	}
}

// The file was written by the reference implementation: testdata/make.py.
func TestReference(t *testing.T) {
	got, meta, err := ReadTensors("testdata/reference.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	inf := float32(math.Inf(1))
	equal(t, got, Tensors{
		"0.weight":  tensor.Of([]float32{-0.25, -0.125, 0, 0.125, 0.25, 0.375}, 2, 3),
		"0.bias":    tensor.Of([]float32{inf, float32(math.Copysign(0, -1))}),
		"f64":       tensor.Of([]float64{1.0 / 3, -math.Pi, math.SmallestNonzeroFloat64}),
		"i32":       tensor.Of([]int32{math.MinInt32, math.MaxInt32}),
		"i64":       tensor.Of([]int64{math.MinInt64, math.MaxInt64}, 2, 1),
		"u8":        tensor.Of([]uint8{0, 127, 255}),
		"scalar":    tensor.Scalar(float32(2.5)),
		"empty":     tensor.New(tensor.F32, 0, 4),
		"f16":       tensor.Of([]float32{1, -2.5, 65504, 1.0 / (1 << 24), -1.0 / (1 << 14), inf, 0}),
		"bf16":      tensor.Of([]float32{1, -2.5, inf, math.Float32frombits(0x10000)}),
		"schön <&>": tensor.Of([]uint8{7}),
	})
	if want := map[string]string{"format": "np", "note": `quoted "<&>" ü`}; !maps.Equal(meta, want) {
		t.Errorf("metadata: got %q, want %q", meta, want)
	}
	h, err := ReadHeader("testdata/reference.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if e := h.Entries[0]; e.Name != "i64" || e.DType != "I64" || !e.Shape.Equal(tensor.Shape{2, 1}) {
		t.Errorf("first entry: got %+v, want i64 I64 (2, 1)", e)
	}
}

// Every half against its definition, (-1)^s * 2^(e-15) * 1.f.
func TestHalves(t *testing.T) {
	for h := range 1 << 16 {
		e, f := h>>10&31, float64(h&1023)
		want := math.Ldexp(1+f/1024, e-15)
		switch {
		case e == 0:
			want = math.Ldexp(f/1024, -14)
		case e == 31 && f == 0:
			want = math.Inf(1)
		case e == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		got := fromF16(uint16(h))
		same := math.Float64bits(float64(got)) == math.Float64bits(want)
		if math.IsNaN(want) {
			same = got != got
		}
		if !same {
			t.Fatalf("f16 %04x: got %v, want %v", h, got, want)
		}
	}
}

// file joins a header and data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestRefused(t *testing.T) {
	one := func(fields string) string { return `{"a":{` + fields + `}}` }
	cases := []struct {
		name string
		file []byte
		is   error
		says string
	}{
		{"empty", nil, ErrTruncated, "0 bytes"},
		{"seven bytes", []byte("1234567"), ErrTruncated, "7 bytes"},
		{"text", []byte("update,loss\n1,0.5\n"), ErrKind, "not safetensors"},
		{"zip", append([]byte("PK\x03\x04\x00\x00\x00\x00"), make([]byte, 100)...), ErrTruncated, ""},
		{"length of zero", make([]byte, 100), ErrKind, "header of 0 bytes"},
		{"length beyond the limit", binary.LittleEndian.AppendUint64(nil, maxHeader+1), ErrKind, "100000001"},
		{"length negative", binary.LittleEndian.AppendUint64(nil, 1<<63), ErrKind, ""},
		{"length beyond the file", file(`{}`, 0)[:9], ErrTruncated, "want 10"},
		{"no object", file(`[]`, 0), ErrKind, "'['"},
		{"space before", file(` {}`, 0), ErrKind, "' '"},
		{"no JSON", file(`{"a":`, 0), ErrDamaged, "not JSON"},
		{"comma at the end", file(`{"a":1,}`, 0), ErrDamaged, "not JSON"},
		{"not UTF-8", file("{\"\xff\":1}", 0), ErrDamaged, "not JSON"},
		{"two objects", file(`{}{}`, 0), ErrDamaged, "not JSON"},
		{"trailing data", file(`{}`, 1), ErrDamaged, "1 bytes of data, want 0"},
		{"missing data", file(one(`"dtype":"U8","shape":[2],"data_offsets":[0,2]`), 1), ErrTruncated, "1 bytes of data, want 2"},
		{"entry no object", file(`{"a":3}`, 0), ErrDamaged, `tensor "a"`},
		{"entry empty", file(one(``), 0), ErrDamaged, "want dtype"},
		{"no shape", file(one(`"dtype":"U8","data_offsets":[0,1]`), 1), ErrDamaged, "want dtype"},
		{"one offset", file(one(`"dtype":"U8","shape":[],"data_offsets":[1]`), 1), ErrDamaged, "two data_offsets"},
		{"three offsets", file(one(`"dtype":"U8","shape":[],"data_offsets":[0,1,2]`), 1), ErrDamaged, "two data_offsets"},
		{"unknown key", file(one(`"dtype":"U8","shape":[],"data_offsets":[0,1],"x":{}`), 1), ErrDamaged, `unknown key "x"`},
		{"key twice", file(one(`"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]`), 1), ErrDamaged, "twice"},
		{"name twice", file(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}`, 2), ErrDamaged, `key "a" twice`},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, 0), ErrDamaged, "twice"},
		{"metadata key twice", file(`{"__metadata__":{"k":"","k":""}}`, 0), ErrDamaged, `key "k" twice`},
		{"metadata no object", file(`{"__metadata__":[]}`, 0), ErrDamaged, "__metadata__"},
		{"metadata no string", file(`{"__metadata__":{"k":1}}`, 0), ErrDamaged, "want a string"},
		{"unknown dtype", file(one(`"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]`), 1), ErrDamaged, "F8_E4M3"},
		{"dtype no string", file(one(`"dtype":1,"shape":[],"data_offsets":[0,1]`), 1), ErrDamaged, "want a string"},
		{"shape negative", file(one(`"dtype":"U8","shape":[-1],"data_offsets":[0,1]`), 1), ErrDamaged, "-1 (want an integer"},
		{"shape fraction", file(one(`"dtype":"U8","shape":[1.0],"data_offsets":[0,1]`), 1), ErrDamaged, "1.0 (want an integer"},
		{"shape exponent", file(one(`"dtype":"U8","shape":[1e0],"data_offsets":[0,1]`), 1), ErrDamaged, "1e0 (want an integer"},
		{"shape nested", file(one(`"dtype":"U8","shape":[[1]],"data_offsets":[0,1]`), 1), ErrDamaged, "want an integer"},
		{"shape huge", file(one(`"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]`), 1), ErrDamaged, "want an integer"},
		{"shape overflows", file(one(`"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]`), 0), ErrDamaged, ""},
		{"shape overflows to one", file(one(`"dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,4]`), 4), ErrDamaged, ""},
		{"bytes overflow", file(one(`"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]`), 0), ErrDamaged, ""},
		{"shape and bytes differ", file(one(`"dtype":"F32","shape":[3],"data_offsets":[0,8]`), 8), ErrDamaged, "want 12 bytes for F32 (3)"},
		{"offsets reversed", file(one(`"dtype":"U8","shape":[1],"data_offsets":[1,0]`), 1), ErrDamaged, "[1, 0]"},
		{"offset negative", file(one(`"dtype":"U8","shape":[1],"data_offsets":[-1,0]`), 1), ErrDamaged, "-1"},
		{"offset beyond int64", file(one(`"dtype":"U8","shape":[1],"data_offsets":[9223372036854775808,9223372036854775809]`), 1), ErrDamaged, "want an integer"},
		{"claims two gigabytes", file(one(`"dtype":"U8","shape":[2147483646],"data_offsets":[0,2147483646]`), 1), ErrTruncated, ""},
		{"gap before", file(one(`"dtype":"U8","shape":[1],"data_offsets":[1,2]`), 2), ErrDamaged, "begins at byte 1, want 0"},
		{"gap between", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3), ErrDamaged, `"b" begins at byte 2, want 1`},
		{"overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), ErrDamaged, `"b" begins at byte 1, want 2`},
		{"nested deeply", file(`{"a":`+strings.Repeat("[", 1e5)+strings.Repeat("]", 1e5)+`}`, 0), ErrDamaged, ""},
	}
	for _, c := range cases {
		_, _, err := decodeBytes(c.file)
		if !errors.Is(err, c.is) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: got %v, want %v that says %q", c.name, err, c.is, c.says)
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, b := range [][]byte{
		file(`{}`, 0), file(`{}        `, 0), file(`{"__metadata__":{}}`, 0),
		file(`{ "a" : { "shape":[ ], "data_offsets":[0 , 1], "dtype":"U8" } }`, 1),
		file(`{"":{"dtype":"F64","shape":[0,9],"data_offsets":[0,0]},"a":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}`, 0),
	} {
		if _, _, err := decodeBytes(b); err != nil {
			t.Errorf("%s: %v", b[8:], err)
		}
	}
}

// errAfter gives n bytes and then an error.
type errAfter struct {
	r io.Reader
	n int
}

var errDisk = errors.New("disk on fire")

func (r *errAfter) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, errDisk
	}
	n, err := r.r.Read(b[:min(r.n, len(b))])
	r.n -= n
	return n, err
}

func TestReadErrors(t *testing.T) {
	b := encoded(t, samples(), nil)
	for n := range b {
		if _, _, err := Decode(&errAfter{bytes.NewReader(b), n}, int64(len(b))); !errors.Is(err, errDisk) {
			t.Fatalf("after %d bytes: got %v, want %v", n, err, errDisk)
		}
		// A size that lies must not pass for whole.
		if _, _, err := Decode(bytes.NewReader(b[:n]), int64(len(b))); !errors.Is(err, ErrTruncated) {
			t.Fatalf("%d of %d bytes: got %v, want %v", n, len(b), err, ErrTruncated)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	x := tensor.Of([]float32{1})
	for name, c := range map[string]struct {
		ts   Tensors
		meta map[string]string
	}{
		"nil tensor":         {Tensors{"a": nil}, nil},
		"reserved name":      {Tensors{metadataKey: x}, nil},
		"name not UTF-8":     {Tensors{"\xff": x}, nil},
		"metadata not UTF-8": {Tensors{"a": x}, map[string]string{"k": "\xff"}},
	} {
		if err := Encode(io.Discard, c.ts, c.meta); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestPlainFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := WriteTensors(path, samples(), map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	got, meta, err := ReadTensors(path)
	if err != nil || meta["a"] != "b" {
		t.Fatalf("got %v, %v", meta, err)
	}
	equal(t, got, samples())
	if _, _, err := ReadTensors(path + "x"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("missing file: got %v", err)
	}
	if _, _, err := ReadTensors(filepath.Dir(path)); !errors.Is(err, ErrKind) {
		t.Errorf("directory: got %v, want %v", err, ErrKind)
	}
}
