package config

import (
	"strconv"
	"strings"

	"github.com/descent-ml/descent/batch"
)

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

// span is a stretch of training.
type span struct {
	p       *batch.Span
	percent bool // a share of the budget is allowed
}

func (s span) read(fs *Faults, v *value) {
	x, err := batch.Parse(v.text)
	switch {
	case v.kind != scalar || v.null():
		fs.add(v.at, "got %v (want a span such as 3ep, 500up, 1e6ex, 5e7tok or 10min)", v)
	case err != nil:
		fs.add(v.at, "%s", strings.TrimPrefix(err.Error(), "batch: "))
	case x.Unit == batch.Percent && !s.percent:
		fs.add(v.at, "got %v (want epochs, updates, examples, tokens or time: 3ep, 500up, 1e6ex, 5e7tok or 10min)", v)
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

func every(p *batch.Span) codec { return fields{{key: "every", codec: span{p, true}}} }

// dataOrOff is an amount of training data, or off.
type dataOrOff struct{ p *batch.Span }

func (d dataOrOff) read(fs *Faults, v *value) {
	if v.kind == scalar && v.text == "off" {
		*d.p = batch.Span{}
		return
	}
	x, err := batch.Parse(v.text)
	if v.kind != scalar || err != nil || x.Unit != batch.Epoch && x.Unit != batch.Example {
		fs.add(v.at, "got %v (want examples or epochs, such as 10000ex or 1ep, or off)", v)
		return
	}
	*d.p = x
}

func (d dataOrOff) write() *value {
	if d.p.IsZero() {
		return &value{text: "off"}
	}
	return span{p: d.p}.write()
}
