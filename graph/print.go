package graph

import (
	"fmt"
	"strings"
)

// String prints the graph, one node a line: its number, shape, operation,
// operands and, at the right, the layer that made it; then what it gives and
// what it writes.
func (g *Graph) String() string {
	var s strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintf(&s, "%%%d %v = %s\n", n.ID, n.Shape, n.describe())
	}
	for _, o := range g.Outputs {
		fmt.Fprintf(&s, "output %s = %%%d\n", o.Name, o.Node.ID)
	}
	for _, c := range g.Checks {
		fmt.Fprintf(&s, "check %%%d\n", c.ID)
	}
	for _, a := range g.Assigns {
		fmt.Fprintf(&s, "assign %s = %%%d\n", a.Var.Attr.Name, a.Value.ID)
	}
	return s.String()
}

func (n *Node) describe() string {
	parts := []string{n.Op.Name}
	for _, x := range n.In {
		parts = append(parts, fmt.Sprintf("%%%d", x.ID))
	}
	if a := n.Attr.String(); a != "" && n.Op != opBroadcast && n.Op != opReshape {
		parts = append(parts, a)
	}
	if n.Scope != "" {
		parts = append(parts, "@"+n.Scope)
	}
	return strings.Join(parts, " ")
}

// String lists the fields that are set.
func (a Attr) String() string {
	var parts []string
	if a.Name != "" {
		parts = append(parts, fmt.Sprintf("%q", a.Name))
	}
	if a.Float != 0 {
		parts = append(parts, fmt.Sprintf("%g", a.Float))
	}
	if a.Int != 0 {
		parts = append(parts, fmt.Sprint(a.Int))
	}
	if len(a.Dims) > 0 {
		parts = append(parts, fmt.Sprint(a.Dims))
	}
	if a.Attention.Heads > 0 {
		parts = append(parts, a.Attention.String())
	}
	if a.Pool != (Pool{}) {
		parts = append(parts, a.Pool.String())
	}
	return strings.Join(parts, " ")
}
