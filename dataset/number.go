package dataset

import "strconv"

// parseNumber returns the finite number that a cell spells in decimal. Words
// such as inf and nan, hexadecimal and numbers out of range are not numbers.
func parseNumber(cell []byte) (float64, bool) {
	if v, ok := parseShort(cell); ok {
		return v, true
	}
	if len(cell) == 0 {
		return 0, false
	}
	for _, c := range cell {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	return v, err == nil
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseShort parses up to 15 digits without an exponent. Such digits and such
// a power of ten are exact in float64, so that one division rounds correctly
// (Clinger: How to read floating point numbers accurately, PLDI 1990).
func parseShort(cell []byte) (float64, bool) {
	neg := len(cell) > 0 && cell[0] == '-'
	if neg {
		cell = cell[1:]
	}
	if len(cell) == 0 || len(cell) > 16 {
		return 0, false
	}
	mantissa, digits, point := uint64(0), 0, -1
	for i, c := range cell {
		switch {
		case c-'0' <= 9:
			mantissa = 10*mantissa + uint64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = i
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	v := float64(mantissa)
	if point >= 0 {
		v /= pow10[len(cell)-1-point]
	}
	if neg {
		v = -v
	}
	return v, true
}

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

// number returns the number that a cell spells, or whether it is missing; it
// may be neither.
func (m *missingCells) number(cell []byte) (v float64, ok, missing bool) {
	v, ok = parseNumber(cell)
	if ok && !m.numeric {
		return v, true, false
	}
	if m.has(cell) {
		return 0, false, true
	}
	return v, ok, false
}
