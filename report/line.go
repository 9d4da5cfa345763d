package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Colours of ECMA-48; the bright black is called dim.
const (
	dim    = "90"
	bold   = "1"
	cyan   = "36"
	green  = "32"
	yellow = "33"
	red    = "31"
)

func (p *Progress) paint(color, s string) string {
	if !p.color || s == "" || color == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// part is a piece of the line. Parts of high rank go first when the width is
// short.
type part struct {
	label, value string
	color        string
	rank         int
}

func (t part) width() int {
	n := utf8.RuneCountInString(t.value)
	if t.label != "" {
		n += utf8.RuneCountInString(t.label) + 1
	}
	return n
}

const gap = "  "

// draw redraws the live line.
func (p *Progress) draw(s *Status) {
	io.WriteString(p.w, "\r"+p.live(s, p.width()-1)+"\x1b[K")
	p.drawn = true
}

// live returns the line for a width: all parts and a bar in what they leave;
// or the parts without padding; or those that matter most.
func (p *Progress) live(s *Status, width int) string {
	parts := p.parts(s)
	bar := min(24, width-length(parts)-len(gap))
	if length(parts) > width {
		for i := range parts {
			parts[i].value = strings.TrimSpace(parts[i].value)
		}
		parts = fit(parts, width)
	}
	var b strings.Builder
	if bar >= 6 {
		done, rest := meter(s.Fraction, bar)
		b.WriteString(p.paint(cyan, done) + p.paint(dim, rest) + gap)
	}
	for i, t := range parts {
		if i > 0 {
			b.WriteString(gap)
		}
		if t.label != "" {
			b.WriteString(p.paint(dim, t.label) + " ")
		}
		b.WriteString(p.paint(t.color, t.value))
	}
	return b.String()
}

// length is the number of cells that parts take in a line.
func length(parts []part) int {
	n := len(gap) * (len(parts) - 1)
	for _, t := range parts {
		n += t.width()
	}
	return n
}

// fit keeps the parts that fit, those of the lowest rank first, in the order
// of the line. The very first always stays.
func fit(parts []part, width int) []part {
	byRank := make([]int, len(parts))
	for i := range byRank {
		byRank[i] = i
	}
	slices.SortStableFunc(byRank, func(a, b int) int { return cmp.Compare(parts[a].rank, parts[b].rank) })
	var kept []int
	used := -len(gap)
	for _, i := range byRank {
		if n := len(gap) + parts[i].width(); used+n <= width || kept == nil {
			used, kept = used+n, append(kept, i)
		}
	}
	slices.Sort(kept)
	chosen := make([]part, len(kept))
	for k, i := range kept {
		chosen[k] = parts[i]
	}
	return chosen
}

// meter draws a bar of half-cell resolution.
func meter(fraction float64, width int) (done, rest string) {
	halves := int(min(1, max(0, fraction)) * float64(2*width))
	done = strings.Repeat("━", halves/2)
	left := width - halves/2
	if halves%2 == 1 {
		done += "╸"
		left--
	}
	return done, strings.Repeat("─", left)
}

// parts are what there is to say, in the order of the line.
func (p *Progress) parts(s *Status) []part {
	ps := []part{{value: fmt.Sprintf("%3.0f%%", math.Floor(100*min(1, s.Fraction))), color: bold, rank: 1}}
	epoch := strconv.FormatUint(s.Epoch, 10)
	if s.Epochs > 0 {
		total := strconv.FormatFloat(math.Ceil(s.Epochs), 'f', 0, 64)
		epoch = pad(epoch, len(total)) + "/" + total
	}
	ps = append(ps,
		part{label: "epoch", value: epoch, rank: 4},
		part{label: "update", value: pad(Thousands(s.Update), 7), rank: 7})
	if !math.IsNaN(s.Loss) {
		ps = append(ps, part{label: "loss", value: pad(Short(s.Loss), 7), color: bold, rank: 0})
	}
	for i, v := range s.Val {
		label, color := v.Name, ""
		if i == 0 {
			label = "val " + v.Name
			if s.Best {
				color = green
			}
		}
		ps = append(ps, part{label: label, value: pad(shown(v), 6), color: color, rank: 2 + 6*min(i, 1)})
	}
	if !math.IsNaN(s.LR) {
		ps = append(ps, part{label: "lr", value: pad(compact(strconv.FormatFloat(s.LR, 'g', 3, 64)), 8), rank: 6})
	}
	if s.Batch > 0 {
		ps = append(ps, part{label: "batch", value: pad(strconv.Itoa(s.Batch), 4), rank: 6})
	}
	if s.Doing != "" {
		return append(ps, part{value: s.Doing, color: yellow, rank: 3})
	}
	rate, unit := s.Rate, " "+p.one+"/s"
	if s.Tokens > 1 {
		rate, unit = rate*float64(s.Tokens), " tok/s"
	}
	ps = append(ps, part{value: pad(Scaled(rate), 5) + unit, rank: 5})
	if s.Left >= 0 {
		ps = append(ps, part{label: "ETA", value: Clock(s.Left), rank: 3})
	}
	return ps
}

// print writes a plain line.
func (p *Progress) print(s *Status) {
	b := p.line[:0]
	b = append(b, p.name...)
	for _, t := range p.parts(s) {
		b = append(b, gap...)
		if t.label != "" {
			b = append(append(b, t.label...), ' ')
		}
		b = append(b, strings.TrimSpace(t.value)...)
	}
	p.line = append(b, '\n')
	p.w.Write(p.line)
}

// waitedMuch is the share of the time from which it is said that training waited for
// its examples: less is not worth changing how they are made.
const waitedMuch = 0.05

// outcome is the end of a run for people.
func (p *Progress) outcome(s *Summary, dir string) []string {
	mark, what := p.paint(green, "✓"), ""
	switch s.Stopped {
	case Early:
		what = ", stopped early"
	case Target:
		what = ", target reached"
	case Interrupted:
		mark, what = p.paint(yellow, "■"), ", interrupted"
	case Failed:
		mark, what = p.paint(red, "✗"), ", failed"
	}
	count, rate, unit, short := s.Examples, s.ExamplesPerSecond, p.many, p.one
	if s.Tokens > 0 {
		count, rate, unit, short = s.Tokens, s.TokensPerSecond, "tokens", "tok"
	}
	if share := s.WaitedSeconds / max(s.Seconds, 1); share >= waitedMuch {
		what += fmt.Sprintf(", %.0f%% of it waiting for examples", 100*share)
	}
	lines := []string{fmt.Sprintf("%s %s  %s updates, %s %s in %s (%s %s/s)%s", mark, p.paint(bold, p.name),
		Thousands(s.Updates), Scaled(float64(count)), unit, Clock(time.Duration(s.Seconds*float64(time.Second))), Scaled(rate), short, what)}
	for _, split := range []struct {
		name   string
		values Values
	}{{"train", s.Train}, {"val", s.Val}, {"test", s.Test}, {"baseline", s.Baseline}} {
		if len(split.values) == 0 {
			continue
		}
		line := "  " + p.paint(dim, fmt.Sprintf("%-8s", split.name))
		for _, v := range split.values {
			line += gap + v.Name + " " + p.paint(bold, shown(v))
		}
		if split.name == "val" && s.Best != nil && s.Best.Kept {
			line += p.paint(dim, fmt.Sprintf("  (best, update %s)", Thousands(s.Best.Update)))
		}
		lines = append(lines, line)
	}
	if dir != "" {
		lines = append(lines, "  "+p.paint(dim, dir))
	}
	return lines
}

// shown formats a metric: accuracy as a percentage.
func shown(v Value) string {
	if v.Name == "accuracy" {
		return strconv.FormatFloat(100*v.V, 'f', 2, 64) + "%"
	}
	return Short(v.V)
}

func pad(s string, width int) string {
	if n := utf8.RuneCountInString(s); n < width {
		return strings.Repeat(" ", width-n) + s
	}
	return s
}

// Short formats a number with four significant digits: 0.1234, 12.35; three
// for those far from 1: 2.50e-5.
func Short(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0 || math.IsNaN(v) || math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case a < 1e-3 || a >= 1e5:
		return compact(strconv.FormatFloat(v, 'e', 2, 64))
	}
	return strconv.FormatFloat(v, 'f', max(0, 3-int(math.Floor(math.Log10(a)))), 64)
}

// compact takes what is not needed out of an exponent: 1e-05 is 1e-5.
func compact(s string) string {
	return strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(s)
}

// Scaled formats a number with three digits and a suffix: 950, 18.4k, 1.20M.
func Scaled(v float64) string {
	suffix := ""
	for _, s := range []string{"k", "M", "G", "T"} {
		if math.Abs(v) < 999.5 {
			break
		}
		v /= 1000
		suffix = s
	}
	switch {
	case suffix == "":
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64) + suffix
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64) + suffix
	}
	return strconv.FormatFloat(v, 'f', 2, 64) + suffix
}

// Thousands formats a count: 1,234,567.
func Thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Clock formats a duration: 0.4s, 1:05, 2:03:04.
func Clock(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	s := int64(d.Round(time.Second) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
