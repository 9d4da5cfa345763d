package optim

import (
	"fmt"
	"math"
	"path"

	"github.com/descent-ml/descent/graph"
)

// Group says what is different for some parameters.
type Group struct {
	// Match are patterns of names, as of path.Match: "*.bias", "0.*". A
	// parameter that fits any of them belongs to the group.
	Match []string
	// Where, if not nil, says which further parameters belong to it.
	Where func(p *graph.Node) bool
	// Part, if any, belongs to it too.
	Part Part

	LRFactor float64 // of the learning rate; 0 is 1
	NoDecay  bool    // no weight decay, of either kind

	// Chain, if not nil, takes the place of the optimizer's.
	Chain []Transform
}

// NoDecay is the group of biases and of the scales of normalizations: all
// parameters with fewer than two axes go without weight decay. PyTorch decays
// everything unless it is told otherwise, and so does this package.
func NoDecay() Group {
	return Group{Where: func(p *graph.Node) bool { return len(p.Shape.Dims) < 2 }, NoDecay: true}
}

func (g Group) matches(p *graph.Node) bool {
	for _, pattern := range g.Match {
		if ok, _ := path.Match(pattern, p.Attr.Name); ok {
			return true
		}
	}
	return g.Where != nil && g.Where(p)
}

func (g Group) factor() float64 {
	if g.LRFactor == 0 {
		return 1
	}
	return g.LRFactor
}

func (g Group) validate() error {
	for _, pattern := range g.Match {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("optim: group pattern %q: %w", pattern, err)
		}
	}
	if !(g.LRFactor >= 0) || math.IsInf(g.LRFactor, 0) {
		return fmt.Errorf("optim: group %v: factor %v of the learning rate, want a finite number above 0 (0 is 1)", g.Match, g.LRFactor)
	}
	return chained(g.Chain).Validate()
}
