package dataset

import "github.com/descent-ml/descent/internal/cells"

func parseNumber(cell []byte) (float64, bool) { return cells.ParseNumber(cell) }

// missingCells are the cells that mean "not known".
type missingCells struct {
	set     map[string]bool
	numeric bool // some are spelled as numbers
}

func newMissingCells(list []string) missingCells {
	m := missingCells{set: map[string]bool{"": true}}
	for _, s := range list {
		m.set[s] = true
		_, number := parseNumber([]byte(s))
		m.numeric = m.numeric || number
	}
	return m
}

func (m *missingCells) has(cell []byte) bool { return m.set[string(cell)] }

// cell reports whether a cell means "not known".
func (m *missingCells) cell(c *cells.Cell) bool {
	return (m.numeric || !c.IsNumber()) && m.set[string(c.Text())]
}

// number returns the number that a cell spells, or whether it is missing; it
// may be neither.
func (m *missingCells) number(c *cells.Cell) (v float64, ok, missing bool) {
	if m.cell(c) {
		return 0, false, true
	}
	v, ok = c.Number()
	return v, ok, false
}

// number is a cell as a number.
type number struct {
	v       float64
	ok      bool
	missing bool
}

// numbers returns the numbers of a column of the table.
func (t *Table) numbers(col int) *cells.Memo[number] {
	return cells.NewMemo(t.columns[col], func(c *cells.Cell) number {
		v, ok, missing := t.missing.number(c)
		return number{v, ok, missing}
	})
}
