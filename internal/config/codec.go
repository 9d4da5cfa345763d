package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/batch"
)

// codec reads a value into a variable and writes it back. What write returns,
// read accepts and gives the same variable.
type codec interface {
	read(fs *Faults, v *value)
	write() *value
}

// field is a key of a section.
type field struct {
	key string
	codec
	required bool
}

// fields are the keys of a section, in the order they are printed.
type fields []field

func (f fields) names() []string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].key
	}
	return names
}

func (f fields) read(fs *Faults, v *value) {
	if v.null() {
		v = &value{kind: mapping, at: v.at}
	}
	if v.kind != mapping {
		fs.add(v.at, "got %v (want a mapping with %s)", v, list(f.names()))
		return
	}
	for _, e := range v.entries {
		i := slices.IndexFunc(f, func(x field) bool { return x.key == e.key })
		if i < 0 {
			fs.add(e.at, "unknown key %q (%s)", e.key, nearest(e.key, f.names()))
			continue
		}
		f[i].read(fs, e.value)
	}
	for _, x := range f {
		if x.required && v.find(x.key) == nil {
			fs.add(v.at, "%q is missing", x.key)
		}
	}
}

func (f fields) write() *value {
	v := &value{kind: mapping}
	for _, x := range f {
		if w := x.codec.write(); w != nil {
			v.entries = append(v.entries, entry{key: x.key, value: w})
		}
	}
	return v
}

// text is words: a path, a name. Numbers and truth values need quotes to be
// text. label takes them as they are: the name of a column may be a number.
type text struct{ p *string }
type label struct{ p *string }

func (t text) read(fs *Faults, v *value) {
	if v.kind != scalar || v.null() || !v.quoted && (isNumber(v.text) || isBool(v.text)) {
		fs.add(v.at, "got %v (want text)", v)
		return
	}
	*t.p = v.text
}

func (t text) write() *value {
	if *t.p == "" {
		return nil
	}
	return plainText(*t.p)
}

func (t label) read(fs *Faults, v *value) {
	if v.kind != scalar || v.null() {
		fs.add(v.at, "got %v (want the name or the number of a column)", v)
		return
	}
	*t.p = v.text
}

func (t label) write() *value { return text(t).write() }

// labels is a list of column names.
type labels struct{ p *[]string }

func (t labels) read(fs *Faults, v *value) {
	if v.kind != sequence {
		fs.add(v.at, "got %v (want a list)", v)
		return
	}
	*t.p = nil
	for _, e := range v.entries {
		var s string
		label{&s}.read(fs, e.value)
		*t.p = append(*t.p, s)
	}
}

func (t labels) write() *value {
	if len(*t.p) == 0 {
		return nil
	}
	v := &value{kind: sequence}
	for _, s := range *t.p {
		v.entries = append(v.entries, entry{value: plainText(s)})
	}
	return v
}

// word is one of a few.
type word struct {
	p    *string
	want []string
}

func (w word) read(fs *Faults, v *value) {
	if v.kind != scalar || !slices.Contains(w.want, v.text) {
		if v.kind == scalar && !v.null() {
			fs.add(v.at, "unknown value %v (%s)", v, nearest(v.text, w.want))
			return
		}
		fs.add(v.at, "got %v (want %s)", v, list(w.want))
		return
	}
	*w.p = v.text
}

func (w word) write() *value { return &value{text: *w.p} }

// flag is true or false.
type flag struct{ p *bool }

func isBool(s string) bool { return s == "true" || s == "false" }

func (b flag) read(fs *Faults, v *value) {
	if v.kind != scalar || v.quoted || !isBool(v.text) {
		fs.add(v.at, "got %v (want true or false)", v)
		return
	}
	*b.p = v.text == "true"
}

func (b flag) write() *value { return &value{text: strconv.FormatBool(*b.p)} }

// limits are the numbers that a key takes.
type limits struct {
	low, high         float64
	openLow, openHigh bool // the ends do not belong
}

var (
	aboveZero  = limits{low: 0, openLow: true, high: math.Inf(1)}
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
// if not empty, is the word for 0.
type count struct {
	p         *int
	low, high int
	auto      string
}

func (c count) want() string {
	s := fmt.Sprintf("a whole number, %d or more", c.low)
	if c.high > 0 {
		s = fmt.Sprintf("a whole number, %d to %d", c.low, c.high)
	}
	if c.auto != "" {
		s += ", or " + c.auto
	}
	return s
}

func (c count) read(fs *Faults, v *value) {
	if v.kind == scalar && c.auto != "" && v.text == c.auto {
		*c.p = 0
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

// share is a part of the examples: 10% or 0.1.
type share struct{ p *float64 }

func (s share) read(fs *Faults, v *value) {
	t, percent := strings.CutSuffix(v.text, "%")
	x, err := parseNumber(strings.TrimSpace(t))
	if percent {
		x /= 100
	}
	if v.kind != scalar || v.quoted || err != nil || !fraction.hold(x) {
		fs.add(v.at, "got %v (want a share such as 10%% or 0.1, less than all)", v)
		return
	}
	*s.p = x
}

func (s share) write() *value { return &value{text: formatNumber(*s.p)} }

// span is a stretch of training. off, if not empty, is the word for none.
type span struct {
	p       *batch.Span
	percent bool // a share of the budget is allowed
}

func (s span) read(fs *Faults, v *value) {
	x, err := batch.Parse(v.text)
	switch {
	case v.kind != scalar || v.null():
		fs.add(v.at, "got %v (want a span such as 3ep, 500up, 1e6ex or 10min)", v)
	case err != nil:
		fs.add(v.at, "%s", strings.TrimPrefix(err.Error(), "batch: "))
	case x.Unit == batch.Percent && !s.percent:
		fs.add(v.at, "got %v (want epochs, updates, examples or time: 3ep, 500up, 1e6ex or 10min)", v)
	default:
		*s.p = x
	}
}

func (s span) write() *value { return &value{text: s.p.String()} }

// amount is a number of bytes: 512MiB; 0 is auto.
type amount struct{ p *int64 }

var byteUnits = []struct {
	name string
	n    float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

func (m amount) read(fs *Faults, v *value) {
	if v.kind == scalar && v.text == "auto" {
		*m.p = 0
		return
	}
	for _, u := range byteUnits {
		t, ok := strings.CutSuffix(v.text, u.name)
		if x, err := parseNumber(strings.TrimSpace(t)); ok && err == nil && v.kind == scalar && x*u.n >= 1 && x*u.n < 1<<62 {
			*m.p = int64(x * u.n)
			return
		}
	}
	fs.add(v.at, "got %v (want an amount such as 512MiB or 2GiB, or auto)", v)
}

func (m amount) write() *value {
	if *m.p == 0 {
		return &value{text: "auto"}
	}
	for i := 3; i >= 0; i-- {
		if u := byteUnits[i]; *m.p%int64(u.n) == 0 {
			return &value{text: strconv.FormatInt(*m.p/int64(u.n), 10) + u.name}
		}
	}
	return &value{text: strconv.FormatInt(*m.p, 10) + "B"}
}
