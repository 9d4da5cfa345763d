package main

import (
	"fmt"
	"slices"
)

// onTheWall runs the best fixed size and the methods that are no fixed size in turn
// against the clock on the wall, and prints their times, of updates alone, beside Σ τ of
// the same updates. A policy that has to time its updates does so here.
func onTheWall(b *book, t *task, o options) error {
	if err := t.load(o); err != nil {
		return err
	}
	all, c := b.groups(t), b.clocks[t.name]
	winner := best(all, c)
	if winner == nil {
		return nil
	}
	judged := slices.DeleteFunc(all, func(g *group) bool { return g != winner && g.method == fixed })
	times, counted := map[*group][]float64{}, map[*group][]float64{}
	for seed := 1; seed <= o.wall; seed++ {
		for _, g := range judged {
			r, err := t.trial(o, key{t.name, g.wallMethod(), g.size, g.rate, seed}, t.limit(b, slices.Max(t.sizes)), c)
			if err != nil {
				return err
			}
			times[g], counted[g] = append(times[g], r.trained.Seconds()), append(counted[g], c.of(r.counts))
		}
	}
	for _, g := range judged {
		fmt.Printf("%-12s %-32s on the wall %.3f s, by the counts %.3f s; %.2f of the best size\n",
			t.name, g.name(), mean(times[g]), mean(counted[g]), mean(times[g])/mean(times[winner]))
	}
	return nil
}

// wallMethod is the group's method where the clock is real.
func (g *group) wallMethod() string {
	if g.method == auto {
		return autoClocked
	}
	return g.method
}
