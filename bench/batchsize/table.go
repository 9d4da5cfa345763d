package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"text/tabwriter"
)

// group are the trials of one way to choose the batch size, by seed.
type group struct {
	method string
	size   int
	rate   float64
	trials map[int]trial
}

// name is how tables call the group.
func (g *group) name() string {
	if g.method == fixed {
		return fmt.Sprint(g.size)
	}
	if g.method != auto {
		return fmt.Sprintf("%s: %d", g.method, g.size)
	}
	return g.method
}

// groups returns those of a task that were judged, fixed sizes first, each with
// the rate that most seeds were run with.
func (b *book) groups(t *task) (all []*group) {
	find := map[key]*group{}
	for _, k := range b.order {
		if k.task != t.name || k.seed >= tuningSeeds[0] {
			continue
		}
		id := key{method: k.method, size: k.size, rate: k.rate}
		g := find[id]
		if g == nil {
			g = &group{k.method, k.size, k.rate, map[int]trial{}}
			find[id] = g
			all = append(all, g)
		}
		g.trials[k.seed] = b.trials[k]
	}
	slices.SortStableFunc(all, func(x, y *group) int { return x.rank() - y.rank() })
	return all
}

// rank puts fixed sizes first, in ascending order.
func (g *group) rank() int {
	switch g.method {
	case fixed:
		return g.size
	case auto:
		return math.MaxInt32 - 1
	}
	return math.MaxInt32
}

// summary is what a group comes to: means over seeds.
type summary struct {
	seeds, reached             int
	updates, examples, seconds float64
	low, high                  float64 // 95 % of the mean of the seconds
}

func (g *group) summary(c clock) (s summary) {
	var times []float64
	for _, seed := range g.seeds() {
		t := g.trials[seed]
		if t.reached {
			s.reached++
		}
		s.seeds++
		s.updates += float64(t.counts.updates())
		s.examples += float64(t.counts.examples())
		times = append(times, c.of(t.counts))
	}
	n := float64(s.seeds)
	s.updates, s.examples, s.seconds = s.updates/n, s.examples/n, mean(times)
	s.low, s.high = bootstrap(len(times), func(pick func(int) int) float64 {
		return resampled(times, pick)
	})
	return s
}

func (g *group) seeds() (all []int) {
	for seed := range g.trials {
		all = append(all, seed)
	}
	slices.Sort(all)
	return all
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

func resampled(x []float64, pick func(int) int) (m float64) {
	for i := range x {
		m += x[pick(i)] / float64(len(x))
	}
	return m
}

// best is the fixed size with the lowest mean time of those that reach the target with every seed.
func best(all []*group, c clock) *group {
	var best *group
	for _, g := range all {
		s := g.summary(c)
		if g.method == fixed && s.reached == s.seeds && (best == nil || s.seconds < best.summary(c).seconds) {
			best = g
		}
	}
	return best
}

// ratio is the mean time of one group over that of another on the seeds that both
// have, with its 95 % interval.
func ratio(g, than *group, c clock) (r, low, high float64) {
	var x, y []float64
	for _, seed := range g.seeds() {
		if o, both := than.trials[seed]; both {
			x, y = append(x, c.of(g.trials[seed].counts)), append(y, c.of(o.counts))
		}
	}
	low, high = bootstrap(len(x), func(pick func(int) int) float64 { return resampled(x, pick) / resampled(y, pick) })
	return mean(x) / mean(y), low, high
}

// resamples are those of the percentile bootstrap (Efron 1979), over seeds.
const resamples = 2000

func bootstrap(n int, statistic func(pick func(int) int) float64) (low, high float64) {
	if n < 2 {
		return math.Inf(-1), math.Inf(1)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var all []float64
	index := make([]int, n)
	for range resamples {
		for i := range index {
			index[i] = r.IntN(n)
		}
		all = append(all, statistic(func(i int) int { return index[i] }))
	}
	slices.Sort(all)
	return all[resamples*25/1000], all[resamples*975/1000]
}

// printTask prints the curve of a task, and what auto and advise come to beside it.
func printTask(b *book, t *task) error {
	c, all := b.clocks[t.name], b.groups(t)
	if len(c) == 0 || len(all) == 0 {
		fmt.Printf("%s: nothing measured\n\n", t.name)
		return nil
	}
	a, per := c.line()
	fmt.Printf("%s: %s to %g; τ(B) = %.1f µs + %.2f µs · B, a/b = %.0f\n\n", t.name, t.metric, t.target, 1e6*a, 1e6*per, a/per)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "batch\tlearning rate\tseeds\treached\tupdates\texamples\tseconds\t95 %\tof the best\t95 %\tµs an update\t")
	winner := best(all, c)
	for _, g := range all {
		s := g.summary(c)
		above := ""
		if s.reached < s.seeds {
			above = "> "
		}
		fmt.Fprintf(w, "%s\t%.4g\t%d\t%d\t%.0f\t%.0f\t%s%.3f\t%.3f to %.3f\t", g.name(), g.rate, s.seeds, s.reached, s.updates, s.examples, above, s.seconds, s.low, s.high)
		if winner != nil {
			r, low, high := ratio(g, winner, c)
			fmt.Fprintf(w, "%s%.2f\t%.2f to %.2f\t", above, r, low, high)
		} else {
			fmt.Fprint(w, "\t\t")
		}
		if g.method == fixed {
			fmt.Fprintf(w, "%.1f", 1e6*c.update(g.size))
		}
		fmt.Fprintln(w, "\t")
	}
	err := w.Flush()
	fmt.Println()
	return err
}
