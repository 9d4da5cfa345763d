package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// within fails if f allocates out of proportion to an input of n bytes. Beside
// the tensors (F16 doubles) there is the parsed header: names, maps and numbers
// of few bytes each become Go values of up to some dozens.
func within(t *testing.T, n int, f func()) {
	t.Helper()
	if got, limit := allocated(f), uint64(64*n+1<<20); got > limit {
		t.Errorf("%d bytes of input allocate %d, want at most %d", n, got, limit)
	}
}

// joined makes a file of a header and data, so that the fuzzer need not keep the
// length right; off makes it wrong.
func joined(header string, data []byte, off int64) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(int64(len(header))+off))
	return append(append(b, header...), data...)
}

// add gives the fuzzer a file in the form that joined takes.
func add(f *testing.F, b []byte) {
	n := 8 + binary.LittleEndian.Uint64(b)
	f.Add(string(b[8:n]), b[n:], int64(0))
}

func FuzzSafetensors(f *testing.F) {
	reference, err := os.ReadFile("testdata/reference.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	add(f, reference)
	add(f, encoded(f, samples(), map[string]string{"k": "v"}))
	f.Add(`{"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}}`, []byte("1234"), int64(0))
	f.Add(`{"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}`, []byte{1}, int64(1))
	f.Fuzz(func(t *testing.T, header string, data []byte, off int64) {
		b := joined(header, data, off)
		within(t, len(b), func() {
			ts, meta, err := decodeBytes(b)
			if err != nil {
				return
			}
			again := encoded(t, ts, meta)
			ts2, _, err := decodeBytes(again)
			if err != nil {
				t.Fatalf("what was accepted is refused when written again: %v", err)
			}
			if a, b := Fingerprint(&State{Tensors: ts}), Fingerprint(&State{Tensors: ts2}); a != b {
				t.Errorf("written again: got %v, want %v", b, a)
			}
		})
	})
}

// reseal gives a changed file a right checksum, so that the fuzzer gets past it.
func reseal(b []byte) []byte {
	if len(b) < digitsAt+digits {
		return b
	}
	b = bytes.Clone(b)
	copy(b[8:], sealPrefix+zeroSeal[len(zeroSeal)-digits:])
	sum := sha256.Sum256(b)
	hex.Encode(b[digitsAt:], sum[:])
	return b
}

func FuzzCheckpoint(f *testing.F) {
	dir := f.TempDir()
	good := write(f, filepath.Join(dir, "c"), stateAt(1))
	add(f, good)
	add(f, bytes.Replace(good, []byte(`"version":"1"`), []byte(`"version":"2"`), 1))
	if err := WriteModel(filepath.Join(dir, "m"), &Model{Tensors: samples(), Config: []byte(`{"a":[1]}`)}); err != nil {
		f.Fatal(err)
	}
	model, _ := os.ReadFile(filepath.Join(dir, "m"))
	add(f, model)
	f.Fuzz(func(t *testing.T, header string, data []byte, off int64) {
		b := joined(header, data, off)
		if s, err := readState(bytes.NewReader(b), int64(len(b))); err == nil && !bytes.Equal(reseal(b), b) {
			t.Errorf("accepted with a wrong checksum: %+v", s.Meta)
		}
		b = reseal(b)
		within(t, len(b), func() {
			if m, err := readModel(bytes.NewReader(b), int64(len(b))); err == nil && m.Tensors == nil {
				t.Error("a model without tensors and without an error")
			}
			s, err := readState(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return
			}
			if _, err := marshal(s.Meta); err != nil {
				t.Errorf("accepted metadata cannot be written: %v", err)
			}
		})
	})
}
