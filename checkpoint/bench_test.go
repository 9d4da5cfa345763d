package checkpoint

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// wide is a state of two tensors of mib MiB in all.
func wide(mib int) *State {
	s := stateAt(1)
	for _, name := range []string{"0.weight", "optim/0.weight/m"} {
		x := tensor.New(tensor.F32, 128, mib<<10)
		for i := range x.F32() {
			x.F32()[i] = float32(i)
		}
		s.Tensors[name] = x
	}
	return s
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Writing copies no tensor, reading makes each one once.
func TestMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	s := wide(8)
	if got := allocated(func() { mustWrite(t, path, s) }); got > 1<<20 {
		t.Errorf("writing 8 MiB allocates %d bytes, want at most 1 MiB", got)
	}
	if got := allocated(func() { mustRead(t, path) }); got > 9<<20 {
		t.Errorf("reading 8 MiB allocates %d bytes, want at most 9 MiB", got)
	}
}

func mustWrite(t testing.TB, path string, s *State) {
	if err := Write(path, s); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t testing.TB, path string) {
	if _, err := Read(path); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	path, s := filepath.Join(b.TempDir(), "x"), wide(64)
	b.SetBytes(64 << 20)
	for b.Loop() {
		mustWrite(b, path, s)
	}
}

func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x")
	mustWrite(b, path, wide(64))
	b.SetBytes(64 << 20)
	for b.Loop() {
		mustRead(b, path)
	}
}

func BenchmarkReadPlain(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x")
	mustWrite(b, path, wide(64))
	b.SetBytes(64 << 20)
	for b.Loop() {
		if _, _, err := ReadTensors(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFingerprint(b *testing.B) {
	s := wide(64)
	b.SetBytes(64 << 20)
	for b.Loop() {
		Fingerprint(s)
	}
}

func BenchmarkTranspose(b *testing.B) {
	x, y := tensor.New(tensor.F32, 784, 512), tensor.New(tensor.F32, 512, 784)
	b.SetBytes(int64(x.Bytes()))
	for b.Loop() {
		reverse(y, x, 784, 1, 512)
	}
}
