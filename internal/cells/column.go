package cells

import (
	"math"
	"strconv"
)

// Column is the cells of one column, by row. It is safe for concurrent reading.
type Column struct {
	name string
	form form
	dict dict

	codes8  []uint8   // formNarrow: entries of dict
	codes16 []uint16  // formWide
	words   []decimal // formDecimal: decimals, or exceptions in dict
	floats  []float64 // formFloat: NaN is an empty cell
	text    []byte    // formText
	starts  []uint64  // formText: of each row, and the end
}

type form uint8

// The forms of a column, in the order in which it may change.
const (
	formNarrow form = iota
	formWide
	formFloat
	formDecimal
	formText
)

// Name returns the name of the column.
func (c *Column) Name() string { return c.name }

// Len returns the number of rows.
func (c *Column) Len() int {
	switch c.form {
	case formNarrow:
		return len(c.codes8)
	case formWide:
		return len(c.codes16)
	case formFloat:
		return len(c.floats)
	case formDecimal:
		return len(c.words)
	}
	return len(c.starts) - 1
}

// Bytes returns the memory that the column takes.
func (c *Column) Bytes() int64 {
	d := &c.dict
	return int64(cap(c.codes8) + 2*cap(c.codes16) + 8*(cap(c.words)+cap(c.floats)+cap(c.starts)) + cap(c.text) +
		cap(d.text) + 4*(cap(d.ends)+cap(d.slots)) + 8*cap(d.keys))
}

// Add adds a row.
func (c *Column) Add(cell []byte) {
	switch c.form {
	case formNarrow:
		code := c.dict.code(cell)
		if code < 1<<8 {
			c.codes8 = append(c.codes8, uint8(code))
			return
		}
		c.widen()
		c.codes16 = append(c.codes16, uint16(code))
	case formWide:
		code := c.dict.code(cell)
		if code >= 0 {
			c.codes16 = append(c.codes16, uint16(code))
			return
		}
		c.unfold()
		c.Add(cell)
	case formFloat:
		if len(cell) == 0 {
			c.floats = append(c.floats, math.NaN())
			return
		}
		c.toText()
		c.Add(cell)
	case formDecimal:
		c.addWord(cell)
	case formText:
		c.text = append(c.text, cell...)
		c.starts = append(c.starts, uint64(len(c.text)))
	}
}

// AddFloat adds a row with a number; NaN is an empty cell.
func (c *Column) AddFloat(v float64) {
	if c.Len() == 0 && c.form == formNarrow {
		c.form = formFloat
	}
	switch {
	case c.form == formFloat:
		c.floats = append(c.floats, v)
	case v != v:
		c.Add(nil)
	default:
		c.Add(appendFloat(nil, v))
	}
}

func appendFloat(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) }

func (c *Column) addWord(cell []byte) {
	if w, ok := pack(cell); ok {
		c.words = append(c.words, w)
		return
	}
	code := c.dict.code(cell)
	if code < 0 {
		c.toText()
		c.Add(cell)
		return
	}
	c.words = append(c.words, exception|decimal(code))
}

// widen gives codes two bytes.
func (c *Column) widen() {
	c.codes16 = make([]uint16, len(c.codes8), 2*len(c.codes8))
	for i, code := range c.codes8 {
		c.codes16[i] = uint16(code)
	}
	c.codes8, c.form = nil, formWide
}

// mostExceptions is one in so many entries that may be no decimals in a column
// of them.
const mostExceptions = 8

// unfold gives up the dictionary: for decimals if most entries are, else for
// text.
func (c *Column) unfold() {
	words, odd := make([]decimal, c.dict.len()), 0
	var exceptions dict
	for i := range words {
		w, ok := pack(c.dict.at(i))
		if !ok {
			odd++
			w = exception | decimal(exceptions.code(c.dict.at(i)))
		}
		words[i] = w
	}
	if mostExceptions*odd > len(words) {
		c.toText()
		return
	}
	c.words = make([]decimal, len(c.codes16), len(c.codes16)*5/4)
	for i, code := range c.codes16 {
		c.words[i] = words[code]
	}
	c.codes16, c.dict, c.form = nil, exceptions, formDecimal
}

// toText keeps the text of each row.
func (c *Column) toText() {
	n := c.Len()
	starts, text := make([]uint64, 1, n*5/4+2), make([]byte, 0, 16*n)
	for row := range n {
		text = c.Append(text, row)
		starts = append(starts, uint64(len(text)))
	}
	*c = Column{name: c.name, form: formText, text: text, starts: starts}
}

// Append appends the text of a cell to b.
func (c *Column) Append(b []byte, row int) []byte {
	switch c.form {
	case formNarrow:
		return append(b, c.dict.at(int(c.codes8[row]))...)
	case formWide:
		return append(b, c.dict.at(int(c.codes16[row]))...)
	case formFloat:
		if v := c.floats[row]; v == v {
			return appendFloat(b, v)
		}
		return b
	case formDecimal:
		if w := c.words[row]; w&exception != 0 {
			return append(b, c.dict.at(int(w&^exception))...)
		}
		return c.words[row].append(b)
	}
	return append(b, c.text[c.starts[row]:c.starts[row+1]]...)
}

// Text returns the text of a cell.
func (c *Column) Text(row int) string { return string(c.Append(nil, row)) }
