package cells

// Cell is a cell that is asked about.
type Cell struct {
	text   []byte
	word   decimal
	float  float64
	kind   cellKind
	buffer []byte
}

type cellKind uint8

const (
	isText cellKind = iota
	isDecimal
	isFloat
)

// TextCell returns a cell with the given text.
func TextCell(text []byte) Cell { return Cell{text: text} }

// FloatCell returns a cell that spells a finite number.
func FloatCell(v float64) Cell { return Cell{float: v, kind: isFloat} }

// Text returns the bytes of the cell, valid until it is reused.
func (c *Cell) Text() []byte {
	switch c.kind {
	case isDecimal:
		c.buffer = c.word.append(c.buffer[:0])
		return c.buffer
	case isFloat:
		c.buffer = appendFloat(c.buffer[:0], c.float)
		return c.buffer
	}
	return c.text
}

// Number returns the finite number that the cell spells.
func (c *Cell) Number() (float64, bool) {
	switch c.kind {
	case isDecimal:
		return c.word.number(), true
	case isFloat:
		return c.float, c.float-c.float == 0
	}
	return ParseNumber(c.text)
}

// IsNumber reports whether the cell is known to spell a number.
func (c *Cell) IsNumber() bool { return c.kind != isText }

// Memo is a function of the cells of a column, computed once for each distinct
// text where there is a dictionary. It is not safe for concurrent use.
type Memo[T any] struct {
	column *Column
	f      func(*Cell) T
	known  []T // by entry of the dictionary
	cell   Cell
}

// NewMemo returns the memo of f over a column. f must not keep the cell.
func NewMemo[T any](c *Column, f func(*Cell) T) *Memo[T] {
	m := &Memo[T]{column: c, f: f, known: make([]T, c.dict.len())}
	for i := range m.known {
		m.cell = Cell{text: c.dict.at(i)}
		m.known[i] = f(&m.cell)
	}
	return m
}

// At returns f of the cell in a row.
func (m *Memo[T]) At(row int) T {
	switch c := m.column; c.form {
	case formNarrow:
		return m.known[c.codes8[row]]
	case formWide:
		return m.known[c.codes16[row]]
	case formFloat:
		m.cell.text, m.cell.float, m.cell.kind = nil, c.floats[row], isFloat
		if v := c.floats[row]; v != v {
			m.cell.kind = isText
		}
	case formDecimal:
		w := c.words[row]
		if w&exception != 0 {
			return m.known[w&^exception]
		}
		m.cell.word, m.cell.kind = w, isDecimal
	case formText:
		m.cell.text, m.cell.kind = c.text[c.starts[row]:c.starts[row+1]], isText
	}
	return m.f(&m.cell)
}

// Distinct calls f with each distinct text of the given rows, of all if rows is
// nil, until it returns false, in no order that means something. The text is
// valid during the call.
func (c *Column) Distinct(rows []int, f func(text []byte) bool) {
	if rows == nil {
		rows = make([]int, c.Len())
		for row := range rows {
			rows[row] = row
		}
	}
	if c.form == formNarrow || c.form == formWide {
		c.distinctCodes(rows, f)
		return
	}
	seen := map[string]bool{}
	var b []byte
	for _, row := range rows {
		if b = c.Append(b[:0], row); !seen[string(b)] {
			seen[string(b)] = true
			if !f(b) {
				return
			}
		}
	}
}

func (c *Column) distinctCodes(rows []int, f func(text []byte) bool) {
	seen := make([]bool, c.dict.len())
	for _, row := range rows {
		code := 0
		if c.form == formNarrow {
			code = int(c.codes8[row])
		} else {
			code = int(c.codes16[row])
		}
		if !seen[code] {
			seen[code] = true
			if !f(c.dict.at(code)) {
				return
			}
		}
	}
}
