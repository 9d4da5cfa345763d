package dataset

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// boundMemory fails if f allocates more than a base and a multiple of the input.
func boundMemory(t *testing.T, input int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := int(after.TotalAlloc - before.TotalAlloc); n > 16<<20+2000*input {
		t.Errorf("%d bytes were allocated for an input of %d", n, input)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"", "a,b\n1,2\n", people, "\xef\xbb\xbfa;b\r\n\"1\n2\";x\r\n", "1\t2\n\t\n", "\"\n", "a,b\n1\n", "a,y\n,\n?,x\n1e999,z\n",
		"-0.5|.5\n5.|1e-3\n", "x y\n1 2\n3 4\n", "\x00,\xff\n", "a,y\n9007199254740993,0\n0.1,1\n"} {
		f.Add([]byte(s), false, byte(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, embed bool, skip byte) {
		boundMemory(t, len(data), func() {
			table, err := ParseTable(bytes.NewReader(data), "fuzz", TableOptions{SkipLines: int(skip % 4)})
			if err != nil {
				return
			}
			o := FitOptions{}
			if embed {
				o.Categories = CategoriesEmbedding
			}
			parts, err := Split(table.Len(), 1, Part{"test", 0.2})
			if err != nil {
				return
			}
			s, err := table.Fit(parts[TrainPart], o)
			if err != nil {
				return
			}
			ds, err := s.Encode(table)
			if err != nil {
				return
			}
			if ds.Len() != table.Len() {
				t.Fatalf("%d examples of %d rows", ds.Len(), table.Len())
			}
			if s.Target.Task == TaskClassification {
				if err := CheckClasses(ds, len(s.Target.Classes)); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
}

func fuzzArray(f *testing.F, parse func([]byte) (*tensor.Tensor, error)) {
	f.Fuzz(func(t *testing.T, data []byte) {
		boundMemory(t, len(data), func() {
			a, err := parse(data)
			if err == nil && a.Bytes() > 4*len(data) {
				t.Fatalf("%v from %d bytes", a, len(data))
			}
		})
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(0x08, []uint32{2, 2}, 1, 2, 3, 4))
	f.Add(idx(0x0e, []uint32{1}, 0, 0, 0, 0, 0, 0, 0, 0))
	f.Add(idx(0x09, []uint32{1}, 0xff))
	f.Add(idx(0x08, []uint32{1 << 31, 1 << 31, 0}))
	f.Add(idx(0x0d, []uint32{0, 1 << 31, 1 << 31}))
	fuzzArray(f, func(b []byte) (*tensor.Tensor, error) { return ParseIDX(bytes.NewReader(b)) })
}

func FuzzNPY(f *testing.F) {
	f.Add(npy(1, "<f4", "(2,)", 0, 0, 0, 0, 0, 0, 0, 0))
	f.Add(npy(2, ">i8", "(1,)", 0, 0, 0, 0, 0, 0, 0, 0))
	f.Add(npy(3, "|b1", "(1, 2)", 0, 1))
	f.Add(npy(1, "|u1", "()", 0))
	f.Add(npy(1, "<f8", "(0, 99999999999)"))
	f.Add(npyRaw(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}"))
	fuzzArray(f, func(b []byte) (*tensor.Tensor, error) { return ParseNPY(bytes.NewReader(b)) })
}
