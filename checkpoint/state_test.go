package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/descent-ml/descent/tensor"
)

// stateAt is a small state that differs at every update.
func stateAt(update uint64) *State {
	return &State{
		Meta: Meta{
			Run: "digits-1", Update: update, Epoch: update / 10, Examples: math.MaxUint64 - update, Seed: 7,
			RNG:      "philox4x32-10",
			Best:     &Best{Metric: "accuracy", Value: 0.975, Update: 3},
			Sections: map[string]json.RawMessage{"train": json.RawMessage(`{"lr":0.1,"note":"a<b"}`)},
		},
		Tensors: Tensors{
			"0.weight":         tensor.Of([]float32{float32(update), 2, 3, 4, 5, 6}, 2, 3),
			"optim/0.weight/m": tensor.Of([]float64{float64(update) / 3}),
		},
	}
}

func write(t testing.TB, path string, s *State) []byte {
	t.Helper()
	if err := Write(path, s); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	s := stateAt(42)
	s.Tensors = samples()
	b := write(t, path, s)
	if s.Fingerprint != "" {
		t.Error("Write changed the state")
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got.Tensors, s.Tensors)
	want := s.Meta
	want.Fingerprint = Fingerprint(s).String()
	if !reflect.DeepEqual(got.Meta, want) {
		t.Errorf("meta: got %+v, want %+v", got.Meta, want)
	}
	if !bytes.Equal(write(t, path, got), b) {
		t.Error("written again, the file differs")
	}
	if info, _ := os.Stat(path); info.Mode().Perm()&0o444 == 0 {
		t.Errorf("mode %v: not readable", info.Mode())
	}
	if ts, _, err := ReadTensors(path); err != nil || len(ts) != len(s.Tensors) {
		t.Errorf("as plain safetensors: %v", err)
	}
}

// The checksum as the package comment defines it, computed another way.
func TestChecksum(t *testing.T) {
	b := write(t, filepath.Join(t.TempDir(), "x"), stateAt(1))
	_, meta, err := decodeBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	digits := strings.TrimPrefix(meta["checksum"], "sha256:")
	sum := sha256.Sum256(bytes.Replace(b, []byte(digits), []byte(strings.Repeat("0", 64)), 1))
	if got := hex.EncodeToString(sum[:]); got != digits {
		t.Errorf("checksum: got %s, want %s", digits, got)
	}
}

func TestTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	b := write(t, path, stateAt(1))
	for n := range b {
		put(t, path, b[:n])
		if _, err := Read(path); !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), path) {
			t.Fatalf("%d of %d bytes: got %v, want %v and the path", n, len(b), err, ErrTruncated)
		}
	}
	put(t, path, append(b, 0))
	if _, err := Read(path); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte too many: got %v, want %v", err, ErrDamaged)
	}
}

// Every flip of a bit is refused, and for a reason that has a name: in the first
// bytes, which say how long the header is and that the file is sealed, it can
// look like another kind of file or a short one; the rest is damage.
func TestBitFlips(t *testing.T) {
	b := write(t, filepath.Join(t.TempDir(), "x"), stateAt(1))
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			_, err := readState(bytes.NewReader(b), int64(len(b)))
			b[i] ^= 1 << bit
			named := errors.Is(err, ErrDamaged)
			if i < digitsAt {
				named = named || errors.Is(err, ErrKind) || errors.Is(err, ErrTruncated)
			}
			if !named {
				t.Fatalf("byte %d, bit %d: got %v", i, bit, err)
			}
		}
	}
	if _, err := readState(bytes.NewReader(b), int64(len(b))); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
}

// sealed makes a sealed file with metadata of the test's choice.
func sealed(t *testing.T, kind, version string, meta map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := writeSealed(path, kind, version, stateAt(1).Tensors, meta); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNotACheckpoint(t *testing.T) {
	dir := t.TempDir()
	plain, text := filepath.Join(dir, "plain"), filepath.Join(dir, "text")
	if err := WriteTensors(plain, samples(), nil); err != nil {
		t.Fatal(err)
	}
	put(t, text, []byte("update,loss\n1,0.5\n"))
	for _, c := range []struct {
		path string
		is   error
		says string
	}{
		{plain, ErrKind, "plain safetensors"},
		{text, ErrKind, "not safetensors"},
		{dir, ErrKind, "regular file"},
		{filepath.Join(dir, "none"), os.ErrNotExist, "none"},
		{sealed(t, modelKind, "1", map[string]string{}), ErrKind, "descent model, want a descent checkpoint"},
		{sealed(t, stateKind, "2", map[string]string{}), ErrVersion, "descent checkpoint 2 (this program reads 1)"},
		{sealed(t, stateKind, "1", map[string]string{}), ErrDamaged, "state"},
		{sealed(t, stateKind, "1", map[string]string{"state": `{"update":-1}`}), ErrDamaged, "state"},
		{sealed(t, stateKind, "1", map[string]string{"state": `{"later":1}`}), ErrDamaged, "later"},
	} {
		if _, err := Read(c.path); !errors.Is(err, c.is) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("got %v, want %v that says %q", err, c.is, c.says)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	nan := stateAt(1)
	nan.Best.Value = math.NaN()
	section := stateAt(1)
	section.Sections["train"] = json.RawMessage(`{`)
	empty := stateAt(1)
	empty.Tensors["x"] = nil
	for name, s := range map[string]*State{"NaN best": nan, "section": section, "nil tensor": empty} {
		if err := Write(filepath.Join(dir, "x"), s); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := Write(filepath.Join(dir, "none", "x"), stateAt(1)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: got %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "d"), stateAt(1)); err == nil {
		t.Error("onto a directory: got no error")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v, want d alone", files)
	}
}

func TestModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.descent")
	m := &Model{
		Tensors: samples(), Config: json.RawMessage(`{"model":[{"dense":10}]}`), Schema: json.RawMessage(`[1]`),
		Metrics: json.RawMessage(`{"accuracy":0.98}`), Kept: Tensors{"users": tensor.Of([]int64{7, 9}, 2)},
	}
	if err := WriteModel(path, m); err != nil {
		t.Fatal(err)
	}
	got, err := ReadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	fsys := fstest.MapFS{"m/model.descent": {Data: b}}
	embedded, err := ReadModelFS(fsys, "m/model.descent")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*Model{got, embedded} {
		equal(t, g.Tensors, m.Tensors)
		g.Tensors = m.Tensors
		if !reflect.DeepEqual(g, m) {
			t.Errorf("got %+v, want %+v", g, m)
		}
	}
	if _, err := ReadModelFS(fsys, "none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: got %v", err)
	}
	b[len(b)-1] ^= 1
	if _, err := ReadModelFS(fsys, "m/model.descent"); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "m/model.descent") {
		t.Errorf("bit flipped: got %v, want %v and the path", err, ErrDamaged)
	}
	if _, err := ReadModel(sealed(t, stateKind, "1", map[string]string{})); !errors.Is(err, ErrKind) {
		t.Errorf("checkpoint: got %v, want %v", err, ErrKind)
	}
	if _, err := ReadModel(sealed(t, modelKind, "1", map[string]string{"config": "{"})); !errors.Is(err, ErrDamaged) {
		t.Errorf("config no JSON: got %v, want %v", err, ErrDamaged)
	}
	if err := WriteModel(path, &Model{Config: json.RawMessage("{")}); err == nil {
		t.Error("config no JSON: written")
	}
}

// The digest comes from the definition by testdata/fingerprint.py.
func TestFingerprint(t *testing.T) {
	s := &State{
		Meta:    Meta{Update: 3, Examples: 192},
		Tensors: Tensors{"b": tensor.Of([]float32{1, -2}, 2, 1), "a": tensor.Of([]int64{-5}), "c": tensor.Scalar(uint8(9))},
	}
	const want = "35ce891793babdb274d961137fa16321b2d857d1297290fc1ec2439ba26c2b43"
	if got := Fingerprint(s).String(); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	other := *s
	other.Meta = stateAt(3).Meta
	other.Update, other.Examples = 3, 192
	if got := Fingerprint(&other).String(); got != want {
		t.Errorf("with other run, seed, best and sections: got %s, want %s", got, want)
	}
	for name, change := range map[string]func(s *State){
		"update":   func(s *State) { s.Update++ },
		"examples": func(s *State) { s.Examples++ },
		"bit":      func(s *State) { s.Tensors["b"] = tensor.Of([]float32{1, math.Float32frombits(0xc0000001)}, 2, 1) },
		"shape":    func(s *State) { s.Tensors["b"] = tensor.Of([]float32{1, -2}, 1, 2) },
		"rank":     func(s *State) { s.Tensors["b"] = tensor.Of([]float32{1, -2}) },
		"dtype":    func(s *State) { s.Tensors["b"] = tensor.Of([]int32{0x3f800000, -0x40000000}, 2, 1) },
		"name":     func(s *State) { s.Tensors["bb"] = s.Tensors["b"]; delete(s.Tensors, "b") },
		"removed":  func(s *State) { delete(s.Tensors, "c") },
		"zero": func(s *State) {
			s.Tensors["c"] = tensor.Of([]uint8{9, 0})
		},
	} {
		c := &State{Meta: s.Meta, Tensors: Tensors{}}
		for k, v := range s.Tensors {
			c.Tensors[k] = v
		}
		change(c)
		if Fingerprint(c).String() == want {
			t.Errorf("%s changed, the fingerprint did not", name)
		}
	}
}

func TestLayout(t *testing.T) {
	const rows, cols = 67, 33 // ragged tiles
	for _, d := range []tensor.DType{tensor.F32, tensor.F64, tensor.I32, tensor.I64, tensor.U8} {
		x := tensor.New(d, rows, cols)
		for i, b := 0, memory(x); i < len(b); i++ {
			b[i] = byte(i * 31 >> 3) // any bits, NaNs too
		}
		ts := Tensors{"0.weight": x, "0.bias": tensor.Of([]float32{1})}
		names := map[string]Layout{"0.weight": {}}
		out, err := ToFile(ts, names)
		if err != nil {
			t.Fatal(err)
		}
		y := out["0.weight"]
		if !y.Shape().Equal(tensor.Shape{cols, rows}) || ts["0.weight"] != x || out["0.bias"] != ts["0.bias"] {
			t.Fatalf("%v: got %v", d, out)
		}
		for i := range rows {
			for j := range cols {
				a, b := memory(x)[(i*cols+j)*d.Size():][:d.Size()], memory(y)[(j*rows+i)*d.Size():][:d.Size()]
				if !bytes.Equal(a, b) {
					t.Fatalf("%v (%d, %d): % x is not % x", d, i, j, b, a)
				}
			}
		}
		back, err := FromFile(out, names)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, back, ts)
	}
	ts := Tensors{"b": tensor.Of([]float32{1})}
	for _, name := range []string{"a", "b"} {
		if _, err := ToFile(ts, map[string]Layout{name: {}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error that names it", name, err)
		}
	}
}

// TestLayoutAxes: files hold PyTorch's order of axes.
func TestLayoutAxes(t *testing.T) {
	for _, c := range []struct {
		name       string
		layout     Layout
		shape      tensor.Shape
		file       tensor.Shape
		fileStride [4]int // in the file, of the engine's axes; a matrix of an image has (H, W, C, out)
		axes       [4]int
	}{
		{"convolution", Layout{}, tensor.Shape{2, 3, 5, 7}, tensor.Shape{7, 5, 2, 3}, [4]int{3, 1, 6, 30}, [4]int{2, 3, 5, 7}},
		{"line", Layout{}, tensor.Shape{3, 5, 7}, tensor.Shape{7, 5, 3}, [4]int{0, 1, 3, 15}, [4]int{1, 3, 5, 7}},
		{"image", Layout{Channels: 5}, tensor.Shape{30, 7}, tensor.Shape{7, 30}, [4]int{3, 1, 6, 30}, [4]int{2, 3, 5, 7}},
	} {
		x := tensor.New(tensor.I32, c.shape...)
		for i := range x.I32() {
			x.I32()[i] = int32(i)
		}
		file, err := ToFile(Tensors{"w": x}, map[string]Layout{"w": c.layout})
		if err != nil || !file["w"].Shape().Equal(c.file) {
			t.Fatalf("%s: %v, %v, want %v", c.name, file["w"], err, c.file)
		}
		for i, want := range x.I32() {
			at, rest := 0, i
			for axis := 3; axis >= 0; axis-- {
				at += rest % c.axes[axis] * c.fileStride[axis]
				rest /= c.axes[axis]
			}
			if got := file["w"].I32()[at]; got != want {
				t.Fatalf("%s: element %d of the file is %d, want %d", c.name, at, got, want)
			}
		}
		back, err := FromFile(file, map[string]Layout{"w": c.layout})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, back, Tensors{"w": x})
	}
	bad := Tensors{"w": tensor.New(tensor.F32, 7, 31)}
	if _, err := FromFile(bad, map[string]Layout{"w": {Channels: 5}}); err == nil || !strings.Contains(err.Error(), "pixels of 5 channels") {
		t.Errorf("got %v, want an error that names the channels", err)
	}
}
