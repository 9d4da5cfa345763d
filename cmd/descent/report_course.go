package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// course is how the run went, beside the loss: what changed as a chart over the
// updates, what stayed as a sentence; nil of a run that ended before its first record.
func course(records []report.Record, entries []report.Entry, s *report.Summary) []page.Section {
	c := charts{}
	records = slices.DeleteFunc(slices.Clone(records), func(r report.Record) bool { return r.Split != "train" })
	if len(records) == 0 {
		return nil
	}
	changes := changesOf(entries)
	sizes := batchSizes(changes, records)
	c.value("learning rate", seriesOf(records, func(r report.Record) float64 { return r.LR }))
	c.batches(sizes, noiseOf(records))
	if t := changesTable(changes); len(t.Rows) > 0 {
		c.blocks = append(c.blocks, t)
	}
	c.value("positions of a segment", seriesOf(records, func(r report.Record) float64 {
		v, _ := r.Values.Get("segment")
		return v
	}))
	c.speed(records, s)
	c.memory(seriesOf(records, func(r report.Record) float64 { return mebibytes(r.Bytes) }), s)
	return []page.Section{{Title: "Course", Blocks: append([]page.Block{page.Text{Paragraphs: c.sentences}}, c.blocks...)}}
}

// charts are those of a course.
type charts struct {
	sentences []string
	blocks    []page.Block
}

func (c *charts) say(format string, args ...any) {
	c.sentences = append(c.sentences, fmt.Sprintf(format, args...))
}

func (c *charts) draw(l page.Lines) {
	l.X = "update"
	c.blocks = append(c.blocks, l)
}

// value shows something that was asked for.
func (c *charts) value(name string, s page.Series) {
	switch {
	case len(s.Y) == 0:
	case constant(s.Y):
		c.say("The %s was %.5g throughout.", name, s.Y[0])
	default:
		s.Name = name
		c.draw(page.Lines{Caption: capital(name), Y: name, Series: []page.Series{s}})
	}
}

// batches shows the size of the batches and the noise scale, which are both
// examples.
func (c *charts) batches(sizes, noise page.Series) {
	measured := len(noise.X) > 0
	if len(sizes.Y) > 0 && constant(sizes.Y) {
		c.say("A batch had %.0f examples throughout, but for the last one of an epoch.", sizes.Y[0])
	}
	switch {
	case measured && slices.ContainsFunc(noise.Y, isNumber):
		c.draw(page.Lines{Caption: "Noise scale, with its 95 % interval, and batch size", Y: "examples", LogY: true, Series: []page.Series{noise, sizes}})
		return
	case measured:
		c.say("The noise scale was above what batches of this size can resolve.")
	}
	if len(sizes.Y) > 0 && !constant(sizes.Y) {
		c.draw(page.Lines{Caption: "Batch size", Y: "examples", LogY: true, Series: []page.Series{sizes}})
	}
}

// shortest is how many seconds a run takes at least whose speed is drawn: in a
// hundredth of less, a clock measures little but itself.
const shortest = 2.0

// speed shows how fast training went, of texts in tokens.
func (c *charts) speed(records []report.Record, s *report.Summary) {
	name, per := "examples a second", 1.0
	if s.Tokens > 0 && s.Examples > 0 {
		name, per = "tokens a second", float64(s.Tokens)/float64(s.Examples)
	}
	rates := seriesOf(records, func(r report.Record) float64 { return r.Rate * per })
	if s.Seconds < shortest || len(rates.Y) < 3 {
		c.say("Training went at %s %s, validations included.", report.Scaled(s.ExamplesPerSecond*per), name)
		return
	}
	rates.Name = name
	c.draw(page.Lines{Caption: capital(name) + ", without validations and checkpoints", Y: name, Zero: true, Series: []page.Series{rates}})
}

// memory shows what the process held, beside what was planned.
func (c *charts) memory(used page.Series, s *report.Summary) {
	const steady = 0.02 // of the largest
	planned := mebibytes(s.PlannedBytes)
	if len(used.Y) == 0 {
		return
	}
	if least, most := slices.Min(used.Y), slices.Max(used.Y); len(used.Y) < 3 || most-least <= steady*most {
		c.say("Memory: the process held %.1f MiB of the %.1f MiB that were planned.", most, planned)
		return
	}
	used.Name = "used"
	c.draw(page.Lines{Caption: "Memory of the process", Y: "MiB", Zero: true, Series: []page.Series{used}, Levels: []page.Level{{Y: planned, Label: "planned"}}})
}

// seriesOf is a number of the records that have it: one that is not 0.
func seriesOf(records []report.Record, of func(report.Record) float64) (s page.Series) {
	for _, r := range records {
		if v := of(r); v != 0 && isNumber(v) {
			s.X, s.Y = append(s.X, float64(r.Update)), append(s.Y, v)
		}
	}
	return s
}

// noiseOf is the noise scale with its interval, where it was measured. One that is
// not resolved is NaN, and the upper end that an interval lacks is infinite; files have null
// for both.
func noiseOf(records []report.Record) page.Series {
	s := page.Series{Name: "noise scale"}
	for _, r := range records {
		v, measured := r.Values.Get("noise_scale")
		if !measured {
			continue
		}
		lo, _ := r.Values.Get("noise_low")
		hi, _ := r.Values.Get("noise_high")
		if isNumber(lo) && !isNumber(hi) {
			hi = math.Inf(1)
		}
		s.X, s.Y, s.Lo, s.Hi = append(s.X, float64(r.Update)), append(s.Y, v), append(s.Lo, lo), append(s.Hi, hi)
	}
	return s
}

// capital begins a caption.
func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func constant(v []float64) bool { return slices.Min(v) == slices.Max(v) }

func isNumber(v float64) bool { return v-v == 0 }

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
