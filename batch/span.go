package batch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unit is what a Span counts.
type Unit uint8

const (
	None Unit = iota
	Epoch
	Update
	Example
	Token
	Second
	Percent // of another span, usually the budget
)

// units lists the spellings of each unit, the short one first, with the number
// of the unit's own that one of it is.
var units = []struct {
	unit  Unit
	scale float64
	names []string
}{
	{Epoch, 1, []string{"ep", "epoch", "epochs"}},
	{Update, 1, []string{"up", "update", "updates"}},
	{Example, 1, []string{"ex", "example", "examples"}},
	{Token, 1, []string{"tok", "token", "tokens"}},
	{Second, 3600, []string{"h", "hour", "hours"}},
	{Second, 60, []string{"min", "minute", "minutes"}},
	{Second, 1, []string{"s", "sec", "second", "seconds"}},
	{Percent, 1, []string{"%", "percent"}},
}

// Span is a stretch of training: a number of epochs, updates, examples, tokens
// or seconds, or a share of another span. The zero Span is "not set".
type Span struct {
	N    float64
	Unit Unit
}

// Epochs is n passes over the training data; fractions are allowed.
func Epochs(n float64) Span { return Span{n, Epoch} }

// Updates is n updates of the weights.
func Updates(n int) Span { return Span{float64(n), Update} }

// Examples is n examples consumed.
func Examples(n int) Span { return Span{float64(n), Example} }

// Tokens is n tokens consumed: see Position.TokensPerExample.
func Tokens(n int) Span { return Span{float64(n), Token} }

// Duration is time on the clock spent in training.
func Duration(d time.Duration) Span { return Span{d.Seconds(), Second} }

// Parse reads a number and a unit, with or without a space between: "3ep",
// "20 epochs", "500up", "1e6ex", "5e7tok", "2h", "10min", "30s", "5%". Counts of
// updates, examples and tokens are whole; all are above 0.
func Parse(text string) (Span, error) {
	t := strings.TrimSpace(text)
	// The number is the longest prefix that parses; "1ep" is not 1e followed by p.
	for i := len(t); i > 0; i-- {
		n, err := strconv.ParseFloat(strings.TrimSpace(t[:i]), 64)
		if err != nil {
			continue
		}
		return spanOf(text, n, strings.TrimSpace(t[i:]))
	}
	return Span{}, fmt.Errorf("batch: span %q has no number (want one such as 3ep, 500up, 1e6ex, 5e7tok, 10min or 5%%)", text)
}

func spanOf(text string, n float64, name string) (Span, error) {
	for _, u := range units {
		for _, known := range u.names {
			if strings.EqualFold(name, known) {
				s := Span{n * u.scale, u.unit}
				if err := s.Validate(); err != nil {
					return Span{}, fmt.Errorf("%w in %q", err, text)
				}
				return s, nil
			}
		}
	}
	if name == "" {
		return Span{}, fmt.Errorf("batch: span %q has no unit (want ep, up, ex, tok, h, min, s or %%: %[1]sep is %[1]s epochs)", text)
	}
	return Span{}, fmt.Errorf("batch: span %q: unknown unit %q (want ep, up, ex, tok, h, min, s or %%)", text, name)
}

// Validate reports a number that is not finite and above 0, or not whole where
// it counts updates, examples or tokens. The zero Span is valid.
func (s Span) Validate() error {
	switch {
	case s == Span{}:
		return nil
	case s.Unit == None || s.Unit > Percent:
		return fmt.Errorf("batch: span %v has no unit", s.N)
	case !(s.N > 0) || math.IsInf(s.N, 0):
		return fmt.Errorf("batch: span of %v (want above 0)", s.N)
	case s.Unit >= Update && s.Unit <= Token && (s.N != math.Trunc(s.N) || s.N > 1<<53):
		return fmt.Errorf("batch: span of %v %ss (want a whole number)", s.N, [...]string{Update: "update", Example: "example", Token: "token"}[s.Unit])
	}
	return nil
}

// IsZero reports whether the span is not set.
func (s Span) IsZero() bool { return s == Span{} }

// String returns the short form, which Parse reads back to the same span:
// 3ep, 500up, 1e6ex, 5e7tok, 90min, 5%. The zero Span is "".
func (s Span) String() string {
	for _, u := range units {
		if u.unit != s.Unit {
			continue
		}
		n := s.N / u.scale
		if s.Unit == Second && u.scale > 1 && (n != math.Trunc(n) || n*u.scale != s.N) {
			continue // 90min, not 1.5h
		}
		return number(n) + u.names[0]
	}
	return ""
}

// number formats 1e+06 as 1e6.
func number(n float64) string {
	t := strconv.FormatFloat(n, 'g', -1, 64)
	t = strings.Replace(t, "e+0", "e", 1)
	return strings.Replace(t, "e+", "e", 1)
}

// MarshalText implements encoding.TextMarshaler with String.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with Parse; an empty text
// is the zero Span.
func (s *Span) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*s = Span{}
		return nil
	}
	*s, err = Parse(string(text))
	return err
}

// Of resolves a percentage: 5% of 20ep is 1ep. Other spans are themselves.
func (s Span) Of(whole Span) Span {
	if s.Unit != Percent {
		return s
	}
	return Span{whole.N * s.N / 100, whole.Unit}
}

// Position is how far a run has come.
type Position struct {
	Update   uint64        // updates done
	Examples uint64        // examples consumed
	PerEpoch int           // examples of an epoch
	Elapsed  time.Duration // training time

	// TokensPerExample is how many tokens each example counts as: the targets of
	// a window of text, else 1; 0 is 1. All examples of a run count alike, so
	// tokens consumed are a function of the examples, and padding, which only
	// evaluation has, does not matter.
	TokensPerExample int
}

// Tokens returns the tokens consumed.
func (p Position) Tokens() uint64 { return p.Examples * uint64(max(1, p.TokensPerExample)) }

// Count returns the position in a unit: 2.5 epochs, 1200 updates, 31 seconds.
func (p Position) Count(u Unit) float64 {
	switch u {
	case Epoch:
		return float64(p.Examples) / float64(max(1, p.PerEpoch))
	case Update:
		return float64(p.Update)
	case Example:
		return float64(p.Examples)
	case Token:
		return float64(p.Tokens())
	case Second:
		return p.Elapsed.Seconds()
	}
	return 0
}

// Fraction returns the share of the span that is consumed at p: 1 and more
// when it is over. For a span that is not set it is 0.
func (s Span) Fraction(p Position) float64 {
	switch s.Unit {
	case None, Percent:
		return 0
	case Epoch: // the product is exact for 0.1ep of 10 examples, the quotient is not
		return float64(p.Examples) / (s.N * float64(max(1, p.PerEpoch)))
	}
	return p.Count(s.Unit) / s.N
}

// Due reports whether a multiple of the span lies in (before, after]: whether
// something that happens once in every such span happens now. It depends on
// the two positions alone, so a resumed run decides as the first one did.
func (s Span) Due(before, after Position) bool {
	return math.Floor(s.Fraction(after)) > math.Floor(s.Fraction(before))
}
