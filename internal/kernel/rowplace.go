package kernel

import "unsafe"

// A code says what becomes of a term of a sum of touched rows: the place of its
// row in the list of them, and how the row's chain goes on.
//
// A chain that has enough terms is added to a float64 total and begins anew.
const (
	CodeAdd   = iota // the term is added to the chain
	CodeFirst        // the first term of the row: the chain is 0 + term
	CodeStart        // the chain begins its total, and anew
	CodeClose        // the chain is added to its total, and begins anew

	codeBits = 2
	codeMask = 1<<codeBits - 1
)

// Code makes a code.
func Code(place int32, what int32) int32 { return place<<codeBits | what }

// CodePlace returns the place of a code.
func CodePlace(code int32) int { return int(code >> codeBits) }

// Chains are the sums of touched rows of cols columns: row r of Chain is the
// chain of the row at place r, and row Total[r]-1 of Totals its total, if it has
// one.
type Chains struct {
	Chain  []float32
	Totals []float64
	Total  []int32
	Cols   int
}

// Add adds columns [c0, c1) of each row of x, in order, to the chain of its code.
func (s *Chains) Add(x []float32, codes []int32, c0, c1 int) {
	need("x", len(x), len(codes)*s.Cols)
	if c0 == c1 {
		return
	}
	for len(codes) > 0 {
		done := s.run(x, codes, c0, c1)
		x, codes = x[done*s.Cols:], codes[done:]
		if len(codes) > 0 && codes[0]&codeMask >= CodeStart {
			s.close(codes[0], c0, c1)
			s.refRow(x, codes[0]&^codeMask|CodeFirst, c0, c1)
			x, codes = x[s.Cols:], codes[1:]
		}
	}
}

// run adds rows of x until a code ends a leaf or the call is long enough, and
// returns how many.
func (s *Chains) run(x []float32, codes []int32, c0, c1 int) int {
	if vecTable == nil {
		for i, code := range codes {
			if code&codeMask >= CodeStart {
				return i
			}
			s.refRow(x[i*s.Cols:], code, c0, c1)
		}
		return len(codes)
	}
	n, ahead := len(codes), codes
	if n > fetchAhead {
		n, ahead = n-fetchAhead, codes[fetchAhead:]
	}
	n = min(n, max(1, chunkSize/(c1-c0)))
	a := vecArgs{rows: n, cols: c1 - c0}
	a.set(0, x[c0:], s.Cols)
	a.set(1, s.Chain[c0:], s.Cols)
	a.ptr[2], a.ptr[3] = unsafe.Pointer(&codes[0]), unsafe.Pointer(&ahead[0])
	a.stride[2], a.stride[3] = 4, 4
	vecCall(vecTable[kAddRows], &a)
	return n - a.rows
}

// refRow is the definition of a code of a chain that goes on or is the row's
// first.
func (s *Chains) refRow(x []float32, code int32, c0, c1 int) {
	row := s.Chain[CodePlace(code)*s.Cols:][c0:c1]
	for j, v := range x[c0:c1] {
		if code&codeMask == CodeFirst {
			row[j] = 0
		}
		row[j] += v
	}
}

// close adds the chain of a code to its total.
func (s *Chains) close(code int32, c0, c1 int) {
	place := CodePlace(code)
	total := s.total(place, c0, c1)
	chain := s.Chain[place*s.Cols:][c0:c1]
	if code&codeMask == CodeStart {
		StartF64(total, chain)
	} else {
		AddF64(total, chain)
	}
}

func (s *Chains) total(place, c0, c1 int) []float64 {
	return s.Totals[int(s.Total[place]-1)*s.Cols:][c0:c1]
}

// End makes the chains of the first rows places the sums: total and chain,
// rounded once, where there is a total.
func (s *Chains) End(rows, c0, c1 int) {
	for r, total := range s.Total[:rows] {
		if total > 0 {
			EndF64(s.total(r, c0, c1), s.Chain[r*s.Cols:][c0:c1])
		}
	}
}

// Wide sets dst to the sum of the row at a place, in float64.
func (s *Chains) Wide(dst []float64, place int) {
	chain := s.Chain[place*s.Cols:][:s.Cols]
	if s.Total[place] == 0 {
		StartF64(dst, chain)
		return
	}
	copy(dst, s.total(place, 0, s.Cols))
	AddF64(dst, chain)
}

// Set makes the sum of the row at a place a float64 one, rounded.
func (s *Chains) Set(place int, sum []float64) { RoundF64(s.Chain[place*s.Cols:][:s.Cols], sum) }
