package collective

import "github.com/descent-ml/descent/internal/places"

// Sparse is a sum of the touched rows of a table: row i of Sum, of Cols columns,
// belongs to row Rows[i]. The rows are in the order of their first touch.
type Sparse struct {
	Rows []int32
	Cols int
	Sum  []float64
}

// merger adds sums of touched rows. Its memory grows to what they need.
type merger struct {
	rows, hash []int32
	table      *places.Table
}

// add adds src to dst: rows of both are added, and those that dst does not have
// follow in the order of src, which is that of their first touch if the shards
// of src follow those of dst. It appends to the slices of dst.
func (m *merger) add(dst, src *Sparse) {
	m.reserve(len(dst.Rows) + len(src.Rows))
	for _, row := range dst.Rows {
		m.table.Touch(row)
	}
	cols := src.Cols
	dst.Cols = cols
	for i, row := range src.Rows {
		term := src.Sum[i*cols : (i+1)*cols]
		place, first := m.table.Touch(row)
		if first {
			dst.Rows = append(dst.Rows, row)
			dst.Sum = append(dst.Sum, term...)
			continue
		}
		Add(dst.Sum[int(place)*cols:][:cols], term)
	}
}

// reserve makes an empty table for so many rows.
func (m *merger) reserve(rows int) {
	if m.table == nil || len(m.rows) < rows {
		m.rows = make([]int32, rows+rows/4)
		m.hash = make([]int32, 2*places.Hashes(len(m.rows)))
		m.table = places.New(m.rows, m.hash, int(^uint32(0)>>1))
	}
	m.table.Clear()
}

// merge adds src to dst as the tree adds parts: Sum element by element, touched
// rows by row. It appends to the slices of dst.Sparse.
func (m *merger) merge(dst, src *Part) {
	Add(dst.Sum, src.Sum)
	for i := range src.Sparse {
		m.add(&dst.Sparse[i], &src.Sparse[i])
	}
}

// Copy makes p the sums of src, in its own memory, which it makes larger if that
// is too small.
func (p *Part) Copy(src Part) {
	p.First, p.Shards = src.First, src.Shards
	p.Sum = append(p.Sum[:0], src.Sum...)
	p.Sparse = sized(p.Sparse, len(src.Sparse))
	for i := range src.Sparse {
		p.Sparse[i].Copy(src.Sparse[i])
	}
}

// sized returns n sums, which keep the memory that they had.
func sized(s []Sparse, n int) []Sparse {
	if s = s[:cap(s)]; len(s) < n {
		s = append(s, make([]Sparse, n-len(s))...)
	}
	return s[:n]
}

// Copy makes s the sums of src, in its own memory.
func (s *Sparse) Copy(src Sparse) {
	s.Rows, s.Cols, s.Sum = append(s.Rows[:0], src.Rows...), src.Cols, append(s.Sum[:0], src.Sum...)
}
