package cells

import "strconv"

// ParseNumber returns the finite number that a cell spells in decimal. Words
// such as inf and nan, hexadecimal and numbers out of range are not numbers.
func ParseNumber(cell []byte) (float64, bool) {
	if w, ok := pack(cell); ok {
		return w.number(), true
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

// decimal is a number as it is spelled: up to 15 digits, with at most one point
// and a minus before it, in 64 bits from the top: the sign, the number of
// digits (5 bits), the place of the point from the right plus 1 (5), the
// digits (50). Zeros in front and behind are kept.
type decimal uint64

const (
	mantissaBits = 50
	fieldBits    = 5
	fieldMask    = 1<<fieldBits - 1
	minus        = decimal(1) << 60
	exception    = decimal(1) << 63 // no decimal, but an entry of a dictionary
)

// pack returns the decimal that a cell spells.
func pack(cell []byte) (decimal, bool) {
	rest, sign := cell, decimal(0)
	if len(rest) > 0 && rest[0] == '-' {
		rest, sign = rest[1:], minus
	}
	if len(rest) == 0 || len(rest) > 16 {
		return 0, false
	}
	mantissa, digits, point := uint64(0), 0, -1
	for i, c := range rest {
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
	if point >= 0 {
		point = len(rest) - point // digits behind it, plus 1
	} else {
		point = 0
	}
	return sign | decimal(digits)<<(mantissaBits+fieldBits) | decimal(point)<<mantissaBits | decimal(mantissa), true
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func (d decimal) digits() int      { return int(d>>(mantissaBits+fieldBits)) & fieldMask }
func (d decimal) point() int       { return int(d>>mantissaBits) & fieldMask }
func (d decimal) mantissa() uint64 { return uint64(d & (1<<mantissaBits - 1)) }

// number returns the value. Such digits and such a power of ten are exact in
// float64, so that one division rounds correctly (Clinger: How to read floating
// point numbers accurately, PLDI 1990).
func (d decimal) number() float64 {
	v := float64(d.mantissa())
	if p := d.point(); p > 1 {
		v /= pow10[p-1]
	}
	if d&minus != 0 {
		v = -v
	}
	return v
}

// append spells the decimal as it was.
func (d decimal) append(b []byte) []byte {
	if d&minus != 0 {
		b = append(b, '-')
	}
	start, n, p := len(b), d.digits(), d.point()
	for m, i := d.mantissa(), n; i > 0; i-- {
		b = append(b, byte('0'+m%10))
		m /= 10
	}
	for i, j := start, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	if p > 0 {
		b = append(b, 0)
		at := len(b) - p
		copy(b[at+1:], b[at:])
		b[at] = '.'
	}
	return b
}
