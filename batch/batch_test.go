package batch

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Span
		text string
	}{
		{"3ep", Epochs(3), "3ep"},
		{"20 epochs", Epochs(20), "20ep"},
		{"1 Epoch", Epochs(1), "1ep"},
		{"0.5ep", Epochs(0.5), "0.5ep"},
		{"500up", Updates(500), "500up"},
		{" 2000 updates ", Updates(2000), "2000up"},
		{"1e6ex", Examples(1e6), "1e6ex"},
		{"1e6 examples", Examples(1e6), "1e6ex"},
		{"5e7tok", Tokens(5e7), "5e7tok"},
		{"5e7 tokens", Tokens(5e7), "5e7tok"},
		{"1e21ep", Epochs(1e21), "1e21ep"},
		{"2h", Duration(2 * time.Hour), "2h"},
		{"10min", Duration(10 * time.Minute), "10min"},
		{"1.5 hours", Duration(90 * time.Minute), "90min"},
		{"90s", Duration(90 * time.Second), "90s"},
		{"0.5s", Duration(time.Second / 2), "0.5s"},
		{"5%", Span{5, Percent}, "5%"},
	} {
		got, err := Parse(c.in)
		if err != nil || got != c.want || got.String() != c.text {
			t.Errorf("Parse(%q) = %v, %v; want %v (%s)", c.in, got, err, c.want, c.text)
		}
		again, err := Parse(got.String())
		if err != nil || again != got {
			t.Errorf("%q does not read back: %v, %v", got, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"": "no number", "ep": "no number", "fast": "no number", "7": "no unit", "7 days": "unknown unit",
		"0ep": "above 0", "-1up": "above 0", "1.5up": "whole", "0.5tok": "whole number", "nanep": "no number", "inf h": "above 0", "NaN up": "above 0",
		"3ep4": "unknown unit", "1e400ex": "no number",
	} {
		s, err := Parse(in)
		if err == nil || (want != "no number" && !strings.Contains(err.Error(), want)) {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", in, s, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"3ep", "1e6 ex", "5%", "10 min", "-0x1p3h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := Parse(in)
		if err != nil {
			return
		}
		if s.Validate() != nil || s.IsZero() {
			t.Fatalf("Parse(%q) accepted %+v", in, s)
		}
		// A number of hours need not be exact in seconds, so compare the values.
		again, err := Parse(s.String())
		if err != nil || again.Unit != s.Unit || math.Abs(again.N-s.N) > 1e-12*s.N {
			t.Fatalf("%q became %q became %+v, %v", in, s, again, err)
		}
	})
}

func TestText(t *testing.T) {
	s := Epochs(9)
	if err := s.UnmarshalText(nil); err != nil || !s.IsZero() {
		t.Errorf("empty text gave %v, %v", s, err)
	}
	if err := s.UnmarshalText([]byte("4 up")); err != nil || s != Updates(4) {
		t.Errorf("4 up gave %v, %v", s, err)
	}
	if b, err := s.MarshalText(); err != nil || string(b) != "4up" {
		t.Errorf("4up became %q, %v", b, err)
	}
}

func TestDue(t *testing.T) {
	// 10 examples, batches of 4, 4, 2: an epoch ends at updates 3, 6, ...
	count := func(s Span) (at []uint64) {
		var p Position
		p.PerEpoch = 10
		for _, n := range []uint64{4, 4, 2, 4, 4, 2, 4, 4, 2} {
			q := p
			q.Update, q.Examples, q.Elapsed = p.Update+1, p.Examples+n, p.Elapsed+time.Second
			if s.Due(p, q) {
				at = append(at, q.Update)
			}
			p = q
		}
		return at
	}
	for _, c := range []struct {
		s    Span
		want []uint64
	}{
		{Epochs(1), []uint64{3, 6, 9}},
		{Epochs(0.5), []uint64{2, 3, 5, 6, 8, 9}},
		{Epochs(0.1), []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{Updates(4), []uint64{4, 8}},
		{Examples(12), []uint64{4, 7}},
		{Duration(3 * time.Second), []uint64{3, 6, 9}},
		{Span{}, nil},
	} {
		got := count(c.s)
		if len(got) != len(c.want) {
			t.Errorf("%v is due at %v, want %v", c.s, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%v is due at %v, want %v", c.s, got, c.want)
			}
		}
	}
}

func TestFraction(t *testing.T) {
	p := Position{Update: 50, Examples: 2500, PerEpoch: 1000, TokensPerExample: 64, Elapsed: time.Minute}
	for _, c := range []struct {
		s    Span
		want float64
	}{
		{Epochs(5), 0.5}, {Updates(200), 0.25}, {Examples(10000), 0.25}, {Tokens(640000), 0.25}, {Duration(time.Hour), 1.0 / 60}, {Span{}, 0},
		{Span{10, Percent}.Of(Epochs(50)), 0.5},
	} {
		if got := c.s.Fraction(p); got != c.want {
			t.Errorf("fraction of %v is %v, want %v", c.s, got, c.want)
		}
	}
}

func TestPolicy(t *testing.T) {
	p := Progress{Data: 100}
	if s, why := Fixed(64).Next(State{}, p); s.Size != 64 || why != "" {
		t.Errorf("Fixed(64) gives %+v, %q", s, why)
	}
	if s, why := All().Next(State{}, p); s.Size != 100 || why != "" {
		t.Errorf("All gives %+v, %q, of 100", s, why)
	}
	for _, c := range []struct {
		p    Policy
		want string
	}{{Fixed(1), ""}, {Fixed(100), ""}, {All(), ""}, {Fixed(0), "at least 1"}, {Fixed(101), "at most 100"}} {
		err := Check(c.p, 100)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("batch %v: error %v, want %q", c.p, err, c.want)
		}
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct{ size, rows, micro, want, calls int }{
		{64, 1, 0, 64, 1}, {512, 1, 0, 512, 1}, {513, 1, 0, 257, 2}, {60000, 1, 0, 509, 118},
		{64, 1, 7, 7, 10}, {64, 1, 100, 64, 1}, {1, 1, 0, 1, 1},
		{12, 64, 0, 12, 1}, {64, 64, 0, 16, 4}, {8, 256, 0, 4, 2}, {3, 4096, 0, 1, 3}, {8, 256, 8, 8, 1}, {4000, 2, 0, 500, 8},
	} {
		p, err := NewPlan(c.size, c.rows, c.micro)
		if err != nil || p.Micro != c.want || p.Calls(c.size) != c.calls {
			t.Errorf("batch %d, micro %d: %v, %v; want micro %d in %d calls", c.size, c.micro, p, err, c.want, c.calls)
		}
	}
	for _, c := range [][2]int{{0, 0}, {4, -1}} {
		if p, err := NewPlan(c[0], 1, c[1]); err == nil {
			t.Errorf("batch %d, micro %d gave %v", c[0], c[1], p)
		}
	}
	p, _ := NewPlan(5, 1, 0)
	for _, want := range []int{3, 2, 1} {
		var ok bool
		if p, ok = p.Halve("memory"); !ok || p.Micro != want {
			t.Errorf("halved to %v, want %d", p, want)
		}
	}
	if _, ok := p.Halve("memory"); ok {
		t.Error("one example was halved")
	}
	whole, _ := NewPlan(64, 1, 0)
	parts, _ := NewPlan(60000, 1, 0)
	if whole.String() != "batch 64" || parts.String() != "batch 60000 in 118 micro-batches of 509 (equal parts of at most 512)" {
		t.Errorf("plans read %q and %q", whole, parts)
	}
	if n := p.Leaves(1025, 512); n != 3 {
		t.Errorf("1025 examples have %d leaves of 512, want 3", n)
	}
}
