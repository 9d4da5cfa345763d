package graph

import (
	"maps"
	"slices"
)

// Class says how an operation relates the rows and elements of its operands;
// engines decide by it what can be fused, split and recomputed.
type Class uint8

const (
	Leaf        Class = iota // variables, inputs, scalars, constants
	Elementwise              // output element i depends on element i of each operand
	Move                     // copies or reinterprets elements
	Row                      // works within the innermost axes of each row
	Contract                 // an ordered chain of products over an inner axis
	Examples                 // sums over examples: the only way to the per-update half
	Group                    // works on a group of consecutive examples together
	Random                   // a function of seed, name, stream position and element
)

// Op is the definition of an operation. There is one of each, in the registry.
type Op struct {
	Name  string
	Doc   string // its meaning, as a formula
	Class Class
	Arity int // number of operands; -1 is any

	// shape derives the shape of a node from its operands and attributes.
	shape func(n *Node) (Shape, error)

	// vjp returns the cotangents of the operands, given that of the result.
	// A nil entry is an operand that no gradient reaches. A nil vjp marks an
	// operation that cannot be differentiated.
	vjp func(b *Builder, n, dy *Node) []*Node

	// flops counts the operations of one example, or of the whole value if it
	// is per-update; nil is one for each output element.
	flops func(n *Node) int64
}

// Differentiable reports whether the operation has a gradient rule.
func (o *Op) Differentiable() bool { return o.vjp != nil }

var registry = map[string]*Op{}

func register(o Op) *Op {
	if registry[o.Name] != nil {
		panic("graph: operation registered twice: " + o.Name)
	}
	registry[o.Name] = &o
	return &o
}

// Ops returns every operation, sorted by name.
func Ops() []*Op {
	return slices.SortedFunc(maps.Values(registry), func(a, b *Op) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}

// FLOPs returns the floating-point operations of the node: of one example if
// it is per-example or sums over examples, else of the whole value.
func (n *Node) FLOPs() int64 {
	switch {
	case n.Op.flops != nil:
		return n.Op.flops(n)
	case n.Op.Class == Leaf || n.Op.Class == Move:
		return 0
	}
	return int64(n.Shape.Size())
}

// Bytes returns the bytes that the node reads and writes if nothing is fused:
// those of each example, and those that do not depend on the number of
// examples (weights, and the results of sums). Of a table that it looks rows up
// in, it reads those rows. A value over touched rows counts as one of them.
func (n *Node) Bytes() (example, fixed int64) {
	if n.Op.Class == Leaf {
		return 0, 0
	}
	read := n.In
	if n.Op == opGather || n.Op == opGatherTouched {
		read = []*Node{n, n.In[1]} // as much as it writes
	}
	for _, x := range append([]*Node{n}, read...) {
		bytes := int64(x.Shape.Size() * x.Shape.DType.Size())
		if x.PerExample() {
			example += bytes
		} else {
			fixed += bytes
		}
	}
	return example, fixed
}
