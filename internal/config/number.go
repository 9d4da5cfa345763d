package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// limits are the numbers that a key takes.
type limits struct {
	low, high         float64
	openLow, openHigh bool // the ends do not belong
}

var (
	between    = limits{low: 0, openLow: true, high: 1, openHigh: true} // (0, 1)
	aboveZero  = limits{low: 0, openLow: true, high: math.Inf(1)}
	aboveOne   = limits{low: 1, openLow: true, high: math.Inf(1)}
	zeroOrMore = limits{low: 0, high: math.Inf(1)}
	fraction   = limits{low: 0, high: 1, openHigh: true} // [0, 1)
	unit       = limits{low: 0, high: 1}
	anyNumber  = limits{low: math.Inf(-1), high: math.Inf(1)}
)

func (l limits) hold(x float64) bool {
	return !math.IsInf(x, 0) && (x > l.low || x == l.low && !l.openLow) && (x < l.high || x == l.high && !l.openHigh)
}

func (l limits) String() string {
	low, high := fmt.Sprintf("%v or more", l.low), fmt.Sprintf(", at most %v", l.high)
	if l.openLow {
		low = fmt.Sprintf("above %v", l.low)
	}
	if l.openHigh {
		high = fmt.Sprintf(", less than %v", l.high)
	}
	if math.IsInf(l.low, -1) {
		low = "finite"
	}
	if math.IsInf(l.high, 1) {
		high = ""
	}
	return low + high
}

// number is a float64.
type number struct {
	p *float64
	limits
}

// isNumber reports whether plain text spells a decimal number.
func isNumber(s string) bool {
	_, err := parseNumber(s)
	return err == nil
}

func parseNumber(s string) (float64, error) {
	if strings.Trim(s, "0123456789.eE+-") != "" || !strings.ContainsAny(s, "0123456789") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

func (n number) read(fs *Faults, v *value) {
	x, err := parseNumber(v.text)
	if v.kind != scalar || v.quoted || err != nil {
		fs.add(v.at, "got %v (want a number %v)", v, n.limits)
		return
	}
	if !n.hold(x) {
		fs.add(v.at, "got %v (want %v)", v, n.limits)
		return
	}
	*n.p = x
}

func (n number) write() *value { return &value{text: formatNumber(*n.p)} }

// formatNumber prints 1e-3 as 0.001 and 1e-8 as 1e-8.
func formatNumber(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	s = strings.Replace(s, "e-0", "e-", 1)
	return strings.Replace(strings.Replace(s, "e+0", "e", 1), "e+", "e", 1)
}

// numbers is a list of them.
type numbers struct {
	p *[]float64
	limits
}

func (n numbers) read(fs *Faults, v *value) {
	if v.kind != sequence {
		fs.add(v.at, "got %v (want a list of numbers)", v)
		return
	}
	*n.p = make([]float64, len(v.entries))
	for i, e := range v.entries {
		number{&(*n.p)[i], n.limits}.read(fs, e.value)
	}
}

func (n numbers) write() *value {
	if len(*n.p) == 0 {
		return nil
	}
	v := &value{kind: sequence}
	for _, x := range *n.p {
		v.entries = append(v.entries, entry{value: &value{text: formatNumber(x)}})
	}
	return v
}

// maxCount bounds whole numbers: sizes beyond it are mistakes.
const maxCount = 1 << 31

// count is a whole number from low to high, which is maxCount if it is 0. auto,
// if not empty, is the word for 0, and most the word for high.
type count struct {
	p          *int
	low, high  int
	auto, most string
}

func (c count) want() string {
	s := fmt.Sprintf("a whole number, %d or more", c.low)
	if c.high > 0 && c.most == "" {
		s = fmt.Sprintf("a whole number, %d to %d", c.low, c.high)
	}
	switch {
	case c.most != "":
		s += ", " + c.auto + " or " + c.most
	case c.auto != "":
		s += ", or " + c.auto
	}
	return s
}

func (c count) read(fs *Faults, v *value) {
	if v.kind == scalar && c.auto != "" && v.text == c.auto {
		*c.p = 0
		return
	}
	if v.kind == scalar && c.most != "" && v.text == c.most {
		*c.p = c.high
		return
	}
	x, err := parseNumber(v.text)
	if v.kind != scalar || v.quoted || err != nil || x != math.Trunc(x) || x < float64(c.low) || x > maxCount || c.high > 0 && x > float64(c.high) {
		fs.add(v.at, "got %v (want %s)", v, c.want())
		return
	}
	*c.p = int(x)
}

func (c count) write() *value {
	if c.auto != "" && *c.p == 0 {
		return &value{text: c.auto}
	}
	if c.most != "" && *c.p == c.high {
		return &value{text: c.most}
	}
	return &value{text: strconv.Itoa(*c.p)}
}

// counts is a list of whole numbers of at least 1.
type counts struct{ p *[]int }

func (c counts) read(fs *Faults, v *value) {
	if v.kind != sequence {
		v = &value{kind: sequence, at: v.at, entries: []entry{{at: v.at, value: v}}}
	}
	*c.p = make([]int, len(v.entries))
	for i, e := range v.entries {
		count{p: &(*c.p)[i], low: 1}.read(fs, e.value)
	}
}

func (c counts) write() *value {
	v := &value{kind: sequence}
	for _, n := range *c.p {
		v.entries = append(v.entries, entry{value: &value{text: strconv.Itoa(n)}})
	}
	return v
}

// seed is a uint64.
type seed struct{ p *uint64 }

func (s seed) read(fs *Faults, v *value) {
	n, err := strconv.ParseUint(v.text, 10, 64)
	if v.kind != scalar || v.quoted || err != nil {
		fs.add(v.at, "got %v (want a whole number, 0 or more)", v)
		return
	}
	*s.p = n
}

func (s seed) write() *value { return &value{text: strconv.FormatUint(*s.p, 10)} }

// orNone is a number above low, or none.
type orNone struct {
	p   *float64
	low float64
}

func (o orNone) read(fs *Faults, v *value) {
	if v.kind == scalar && v.text == "none" {
		*o.p = 0
		return
	}
	x, err := parseNumber(v.text)
	if v.kind != scalar || v.quoted || err != nil || !(x > o.low) {
		fs.add(v.at, "got %v (want a number above %v, or none)", v, o.low)
		return
	}
	*o.p = x
}

func (o orNone) write() *value {
	if *o.p == 0 {
		return &value{text: "none"}
	}
	return number{p: o.p}.write()
}

// orAuto is a number, or auto while it is not known.
type orAuto struct {
	p     *float64
	known *bool
}

func (o orAuto) read(fs *Faults, v *value) {
	if *o.known = v.kind != scalar || v.text != "auto"; *o.known {
		number{o.p, anyNumber}.read(fs, v)
	}
}

func (o orAuto) write() *value {
	if !*o.known {
		return &value{text: "auto"}
	}
	return number{p: o.p}.write()
}
