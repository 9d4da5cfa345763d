package graph

import "slices"

// Node is one value of a graph and the operation that makes it. Nodes are
// immutable once built.
type Node struct {
	ID    int // position in Graph.Nodes: operands come first
	Op    *Op // what makes the value
	In    []*Node
	Attr  Attr
	Shape Shape
	Scope string // where the model made it: "3.attention"; for printing only
	// Phase is the number of sums over examples on the longest path to it: a
	// per-example value is computed in that pass over the batch, a per-update
	// one after so many passes.
	Phase int
	// Rows is the node of op touched whose rows a value with the axis Touched
	// has; nil for others.
	Rows *Node

	shared bool                               // per-update: examples may depend on it, see Builder.Barrier
	grad   func(b *Builder, dy *Node) []*Node // of a custom gradient
}

// Attr holds the constants of an operation. Each operation documents the
// fields that it uses.
type Attr struct {
	Name  string  // of a variable, an input, a scalar, a random stream
	Float float64 // a constant, an epsilon, a rate, a smoothing
	Int   int     // an axis count, an offset
	Dims  []int   // target axes, a permutation
	Init  Init    // of a parameter
	Kind  VarKind // of a variable

	Sparse bool // of a trainable variable: its gradient is of touched rows

	Attention Attention // of attention, its statistics and its gradient
	Conv      Conv      // of a convolution and its gradients
	Pool      Pool      // of pooling and its gradient
}

// VarKind tells the variables of a program apart.
type VarKind uint8

const (
	Trainable VarKind = iota // a parameter that gradients reach
	Frozen                   // a parameter that stays as it is
	Running                  // of the model, changed by assignments and not by gradients: running statistics
	State                    // of an optimizer, saved with checkpoints, not with models
)

// Init fills a variable with its first values. The engine-independent rule is
// given by name and numbers, so that a configuration can state it.
type Init struct {
	Rule   string    // zeros, constant, uniform, normal, truncated_normal, values; "" is zeros
	A, B   float64   // constant: A; uniform: [A, B); normal: mean A, deviation B; truncated at ±2 deviations
	Values []float32 // of the rule values: one for each element
	// Transposed says that files hold a weight as PyTorch does, outputs first:
	// (out, in) for our (in, out), (out, in, kh, kw) for (kh, kw, in, out).
	Transposed bool
	// Channels, of a transposed matrix, says that its inputs are the elements of
	// an image (H, W, Channels), which files hold as (Channels, H, W); 0 if they
	// are no image.
	Channels int
}

// PerExample reports whether the node belongs to the per-example half.
func (n *Node) PerExample() bool { return n.Shape.PerExample() }

// Graph is a finished computation. It is immutable and safe for concurrent use.
type Graph struct {
	Nodes   []*Node  // in topological order
	Vars    []*Node  // parameters and state, in order of declaration
	Inputs  []*Node  // per-example inputs
	Scalars []*Node  // per-update inputs
	Outputs []Output // values the caller reads
	Checks  []*Node  // float64 scalars that must be finite for an update to commit
	Assigns []Assign // what an update writes, all at once
}

// Output is a named value that the caller reads.
type Output struct {
	Name    string
	Node    *Node
	Watched bool // only in updates that are watched: see Builder.Watch
}

// Assign says that an update sets a variable to a value.
type Assign struct{ Var, Value *Node }

// Output returns the node of a named output, or nil.
func (g *Graph) Output(name string) *Node {
	i := slices.IndexFunc(g.Outputs, func(o Output) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return g.Outputs[i].Node
}

// Params returns the variables that are the model's own: not optimizer state.
func (g *Graph) Params() []*Node {
	return slices.DeleteFunc(slices.Clone(g.Vars), func(v *Node) bool { return v.Attr.Kind == State })
}
