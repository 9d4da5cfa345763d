package cells

import (
	"slices"
	"sort"
)

// Store is a table under construction and then for reading: columns of equal
// length, and the line of the file where each row begins.
type Store struct {
	// Fill is the text of cells that a row leaves out; nil is the empty cell.
	Fill []byte

	columns []*Column
	index   map[string]int
	rows    int
	lines   []lineBreak
	unnamed int
}

// lineBreak says that from a row on, row r begins on line + (r - row).
type lineBreak struct{ row, line int }

// Len returns the number of rows.
func (s *Store) Len() int { return s.rows }

// Columns returns the columns; the caller must not change the list.
func (s *Store) Columns() []*Column { return s.columns }

// Column returns the place of a column by name, which is added if it is new:
// earlier rows have the fill in it.
func (s *Store) Column(name string) int {
	if i, ok := s.index[name]; ok {
		return i
	}
	if s.index == nil {
		s.index = map[string]int{}
	}
	c := &Column{name: name}
	for range s.rows {
		c.Add(s.Fill)
	}
	s.index[name] = len(s.columns)
	s.columns = append(s.columns, c)
	return len(s.columns) - 1
}

// Append adds a column of a name that may be there already.
func (s *Store) Append(name string) *Column {
	c := &Column{name: name}
	s.columns = append(s.columns, c)
	return c
}

// AddRow adds a row that begins on a line: a cell for each column.
func (s *Store) AddRow(line int, record [][]byte) {
	for i, cell := range record {
		s.columns[i].Add(cell)
	}
	s.EndRow(line)
}

// EndRow ends a row to which cells were added column by column: those without
// one are filled.
func (s *Store) EndRow(line int) {
	s.rows++
	for _, c := range s.columns {
		if c.Len() < s.rows {
			c.Add(s.Fill)
		}
	}
	if n := len(s.lines); n == 0 || s.lines[n-1].line+(s.rows-1-s.lines[n-1].row) != line {
		s.lines = append(s.lines, lineBreak{s.rows - 1, line})
	}
}

// EndRows ends n rows that were added to every column.
func (s *Store) EndRows(n int) {
	if s.rows == 0 {
		s.lines = []lineBreak{{0, 1}}
	}
	s.rows += n
}

// Line returns the line of the file on which a row begins.
func (s *Store) Line(row int) int {
	i := sort.Search(len(s.lines), func(i int) bool { return s.lines[i].row > row }) - 1
	return s.lines[i].line + row - s.lines[i].row
}

// Bytes returns the memory that the table takes.
func (s *Store) Bytes() int64 {
	n := int64(16 * cap(s.lines))
	for _, c := range s.columns {
		n += c.Bytes()
	}
	return n
}

// Concat adds the rows of other tables with the same columns, by name. It
// returns the name of a column that one of them has and another has not.
func (s *Store) Concat(t *Store) (odd string) {
	if len(s.columns) != len(t.columns) {
		return oddName(s, t)
	}
	from := make([]*Column, len(s.columns))
	for i, c := range s.columns {
		at := slices.IndexFunc(t.columns, func(d *Column) bool { return d.name == c.name })
		if at < 0 {
			return c.name
		}
		from[i] = t.columns[at]
	}
	for i, c := range s.columns {
		c.addAll(from[i])
	}
	for _, l := range t.lines {
		s.lines = append(s.lines, lineBreak{l.row + s.rows, l.line})
	}
	s.rows += t.rows
	return ""
}

func oddName(s, t *Store) string {
	for _, pair := range [][2]*Store{{s, t}, {t, s}} {
		for _, c := range pair[0].columns {
			if !slices.ContainsFunc(pair[1].columns, func(d *Column) bool { return d.name == c.name }) {
				return c.name
			}
		}
	}
	return ""
}

func (c *Column) addAll(d *Column) {
	var b []byte
	for row := range d.Len() {
		if d.form == formFloat {
			c.AddFloat(d.floats[row])
			continue
		}
		b = d.Append(b[:0], row)
		c.Add(b)
	}
}
