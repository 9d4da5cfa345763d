package compile

import "github.com/descent-ml/descent/graph"

// Values that are cheaper to compute again than to keep. A value that outlives its
// pass is written to memory and read from there. A chain of a few element-wise
// operations, on values that take no more bytes than its result, reads no more and
// writes nothing, and its operations are hidden behind the reads: batch norm applied to
// a kept value, and the ReLU behind it. So they are not kept even where memory allows.

// mostAgain bounds the element-wise operations of a chain that is computed again.
const mostAgain = 8

// simple are the operations that take about as long as a load.
var simple = map[string]bool{
	"add": true, "sub": true, "mul": true, "fma": true, "max": true, "min": true, "neg": true, "abs": true,
	"relu": true, "relugrad": true, "hardswish": true, "hardswishgrad": true, "gt": true, "ge": true, "eq": true, "select": true,
}

// chain is how an element-wise value comes from values that are not.
type chain struct {
	seen  map[int]bool // by ID: sources and what is computed
	bytes int64        // of an example of all sources
	nodes []int        // by ID: what is computed
}

// cheapest splits the values that later passes read, keep, into those that stay and
// those that are cheap to compute again, which it deletes from keep. It returns what is
// computed again then.
func cheapest(g *graph.Graph, keep map[int]bool) (again map[int]bool) {
	again = map[int]bool{}
	for _, n := range g.Nodes {
		if !keep[n.ID] {
			continue
		}
		c := chain{seen: map[int]bool{}}
		if c.follow(n, keep) && len(c.nodes) <= mostAgain && c.bytes <= valueBytes(n) {
			delete(keep, n.ID)
			for _, id := range c.nodes {
				again[id] = true
			}
		}
	}
	return again
}

// follow adds the operations behind n, and reports whether all are simple and few. Values that are kept come first in the order of nodes, so that keep says what
// is settled of the operands of n.
func (c *chain) follow(n *graph.Node, keep map[int]bool) bool {
	c.seen[n.ID] = true
	c.nodes = append(c.nodes, n.ID)
	if !simple[n.Op.Name] || len(c.nodes) > mostAgain {
		return false
	}
	for _, x := range n.In {
		for isAlias(x) || x.Op.Name == "broadcast" {
			x = x.In[0]
		}
		switch {
		case !x.PerExample() || c.seen[x.ID]:
		case x.Op.Class == graph.Elementwise && !keep[x.ID]:
			if !c.follow(x, keep) {
				return false
			}
		default:
			c.seen[x.ID] = true
			c.bytes += valueBytes(x)
		}
	}
	return true
}
