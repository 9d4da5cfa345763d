//go:build amd64 && !purego

package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRunListed: rows that are run where they lie have the bits of rows that are
// gathered, run and written back, and other rows stay.
func TestRunListed(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(17, 17))
		for _, key := range fusedKeys {
			p, err := ParseProgram(key)
			if err != nil {
				t.Fatal(err)
			}
			e := Compile(p)
			for _, cols := range []int{16, 17, 31, 64, 70} {
				for _, n := range []int{0, 1, 3, 4, 5, 19, 40} {
					if e.InPlace(cols) {
						checkListedRun(t, r, e, n, cols)
					}
				}
			}
		}
	})
}

// checkListedRun compares over n rows of tables of 50. Stream 0, where it is no
// output, is one row for all if n is odd; stream 1 is no table.
func checkListedRun(t *testing.T, r *rand.Rand, e *Elementwise, n, cols int) {
	t.Helper()
	var idx []int32
	for _, row := range r.Perm(50)[:n] {
		idx = append(idx, int32(row))
	}
	var listed, gathered []Stream
	for i := range e.program.Streams {
		x := Stream{Data: values(r, 50*cols), Access: Listed, Stride: cols}
		switch {
		case i == 0 && n%2 == 1 && !e.outputs[0]:
			x.Access = Row
		case i == 1:
			x.Access = Full
		}
		y := Stream{Data: slices.Clone(x.Data), Access: x.Access, Stride: cols}
		if x.Access == Listed {
			y.Access, y.Data = Full, make([]float32, n*cols)
			GatherRows(y.Data, x.Data, idx, cols)
		}
		listed, gathered = append(listed, x), append(gathered, y)
	}
	scalars := values(r, e.program.Scalars)
	want := make([][]float32, len(listed))
	var s Scratch
	e.Run(n, cols, gathered, scalars, &s)
	for i := range listed {
		want[i] = gathered[i].Data
		if listed[i].Access == Listed {
			want[i] = slices.Clone(listed[i].Data)
			SetRows(want[i], gathered[i].Data, idx, cols)
		}
	}
	e.RunListed(idx, cols, listed, scalars)
	for i := range listed {
		checkSame(t, e.program.Key(), listed[i].Data, want[i])
	}
}

func TestRunListedRefuses(t *testing.T) {
	e := Compile(mustParse(t, "t0=mul(x0,s0);x1=fma(s1,t0,x1)"))
	if !e.InPlace(16) {
		t.Skip("no generated kernels on this tier")
	}
	x, table := make([]float32, 32), make([]float32, 48)
	for name, f := range map[string]func(){
		"a row outside":      func() { e.RunListed([]int32{0, 3}, 16, streamsOf(x, table, Full), make([]float32, 2)) },
		"a short operand":    func() { e.RunListed([]int32{0, 1, 2}, 16, streamsOf(x, table, Full), make([]float32, 2)) },
		"a value for each":   func() { e.RunListed([]int32{0, 1}, 16, streamsOf(x, table, Col), make([]float32, 2)) },
		"a missing scalar":   func() { e.RunListed([]int32{0}, 16, streamsOf(x, table, Full), make([]float32, 1)) },
		"too few columns":    func() { e.RunListed([]int32{0}, 8, streamsOf(x, table, Full), make([]float32, 2)) },
		"Run of listed rows": func() { e.Run(1, 16, streamsOf(x, table, Full), make([]float32, 2), &Scratch{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s passed", name)
				}
			}()
			f()
		}()
	}
}

func streamsOf(x, table []float32, access Access) []Stream {
	return []Stream{{Data: x, Access: access, Stride: 16}, {Data: table, Access: Listed, Stride: 16}}
}

func mustParse(t *testing.T, key string) *Program {
	t.Helper()
	p, err := ParseProgram(key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
