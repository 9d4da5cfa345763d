package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// clock is τ: the seconds of an update at some batch sizes, in ascending order.
type clock []tick

type tick struct {
	size    int
	seconds float64
}

// update is τ(size), linear between the sizes that were measured.
func (c clock) update(size int) float64 {
	i, found := slices.BinarySearchFunc(c, size, func(t tick, n int) int { return t.size - n })
	if found {
		return c[i].seconds
	}
	i = min(max(i, 1), len(c)-1)
	a, b := c[i-1], c[i]
	return a.seconds + (b.seconds-a.seconds)*float64(size-a.size)/float64(b.size-a.size)
}

// of is the time of all updates of a run.
func (c clock) of(n counts) (seconds float64) {
	for size, k := range n {
		seconds += float64(k) * c.update(size)
	}
	return seconds
}

// line is the line a + b·B that fits τ best, in relative errors.
func (c clock) line() (fixed, perExample float64) {
	var f batch.CostFit
	for _, t := range c {
		f.Add(t.size, t.seconds, 1)
	}
	fixed, perExample, _ = f.Solve()
	return fixed, perExample
}

// rounds are how often each size is measured, in turn. Of all that was timed the lower
// quartile counts: others can only make an update longer.
const rounds = 3

// clocked are the sizes that are measured.
var clocked = []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}

// measureClocks times the updates of each task, and writes all clocks.
func measureClocks(b *book, chosen []*task, o options) error {
	for _, t := range chosen {
		times := map[int][]float64{}
		for range rounds {
			for _, size := range clocked {
				s, err := t.time(o, size)
				if err != nil {
					return fmt.Errorf("%s, batch %d: %w", t.name, size, err)
				}
				times[size] = append(times[size], s...)
			}
		}
		var c clock
		for _, size := range clocked {
			slices.Sort(times[size])
			c = append(c, tick{size, times[size][len(times[size])/4]})
			fmt.Printf("%-12s %5d %10.1f µs\n", t.name, size, 1e6*c[len(c)-1].seconds)
		}
		b.clocks[t.name] = c
		a, per := c.line()
		fmt.Printf("%-12s τ(B) = %.1f µs + %.3f µs · B, a/b = %.0f\n", t.name, 1e6*a, 1e6*per, a/per)
	}
	return b.writeClocks()
}

// span is how long the updates of one size are watched.
const span = 100 * time.Millisecond

// time returns the seconds of an update in each of about twenty parts of the span.
func (t *task) time(o options, size int) ([]float64, error) {
	c, err := t.build(o, 1, fmt.Sprintf("batch=%d", size))
	if err != nil {
		return nil, err
	}
	c.Val, c.Metric, c.Budget = nil, "", batch.Epochs(1000)
	var parts []float64
	begin, last, n := time.Time{}, time.Time{}, 0
	c.OnEvent = func(e *train.Event) error {
		if e.Kind != train.Updated {
			return nil
		}
		now := time.Now()
		switch n++; {
		case e.Position.Update < 3:
			begin, last, n = now, now, 0
		case e.Batch < size: // the last one of an epoch
			last, n = now, 0
		case now.Sub(last) >= span/20:
			parts = append(parts, now.Sub(last).Seconds()/float64(n))
			last, n = now, 0
		}
		if len(parts) >= 3 && now.Sub(begin) > span {
			return train.Stop
		}
		return nil
	}
	_, err = train.Fit(context.Background(), c)
	return parts, err
}

func (b *book) writeClocks() error {
	rows := [][]string{{"task", "size", "seconds"}}
	for _, t := range tasks {
		for _, c := range b.clocks[t.name] {
			rows = append(rows, []string{t.name, strconv.Itoa(c.size), fmt.Sprintf("%.4g", c.seconds)})
		}
	}
	return writeTable(filepath.Join(b.folder, "clock.csv"), rows)
}

func (b *book) readTime(row []string) error {
	if len(row) != 3 {
		return fmt.Errorf("%d columns (want 3)", len(row))
	}
	size, err := strconv.Atoi(row[1])
	seconds, e := strconv.ParseFloat(row[2], 64)
	if err = errors.Join(err, e); err != nil || !(seconds > 0) || math.IsInf(seconds, 0) {
		return fmt.Errorf("size %s, seconds %s: %w", row[1], row[2], err)
	}
	b.clocks[row[0]] = append(b.clocks[row[0]], tick{size, seconds})
	return nil
}
