package graph

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// Error is a mistake in the construction of a graph.
type Error struct {
	Op       string  // the operation
	Operands []Shape // what it was given
	Reason   string  // what is wrong, and what was wanted
	Scope    string  // the layer, if any
	Pos      string  // file:line of the model's author; "" if no such code is on the stack
}

func (e *Error) Error() string {
	shapes := make([]string, len(e.Operands))
	for i, s := range e.Operands {
		shapes[i] = s.String()
	}
	text := fmt.Sprintf("graph: %s(%s): %s", e.Op, strings.Join(shapes, ", "), e.Reason)
	switch {
	case e.Scope != "" && e.Pos != "":
		return text + " (layer " + e.Scope + ", " + e.Pos + ")"
	case e.Scope != "":
		return text + " (layer " + e.Scope + ")"
	case e.Pos != "":
		return text + " (" + e.Pos + ")"
	}
	return text
}

// Builder makes a graph node by node. Its methods return the new node; after
// a mistake they return an invalid one, and Build returns the first mistake.
// The zero Builder is ready to use. It is not safe for concurrent use.
type Builder struct {
	g     Graph
	names map[leafName]*Node // variables, inputs and scalars
	scope []string
	err   error

	needed []bool // during Gradient, by ID: whether a node leads from what it differentiates by
}

// Build finishes the graph, or returns the first mistake.
func (b *Builder) Build() (*Graph, error) {
	if b.err != nil {
		return nil, b.err
	}
	g := b.g
	if err := g.checkParts(); err != nil {
		return nil, err
	}
	return &g, nil
}

// Err returns the first mistake so far.
func (b *Builder) Err() error { return b.err }

// Scope enters a named part of the model, and returns the function that leaves
// it. Variables made inside have the name as a prefix.
func (b *Builder) Scope(name string) (leave func()) {
	b.scope = append(b.scope, name)
	depth := len(b.scope)
	return func() { b.scope = b.scope[:depth-1] }
}

// Path returns a name under the current scope: "encoder.0.weight".
func (b *Builder) Path(name string) string {
	return strings.Join(append(slices.Clone(b.scope), name), ".")
}

// Failf records a mistake of the caller that is not about one operation, such
// as a layer's impossible configuration. Only the first mistake is kept.
func (b *Builder) Failf(op string, operands []*Node, format string, args ...any) *Node {
	bad := &Node{Op: opInvalid}
	if b.err != nil || slices.ContainsFunc(operands, func(n *Node) bool { return n != nil && n.Op == opInvalid }) {
		if b.err == nil {
			b.err = errors.New("graph: a node of a failed builder was used")
		}
		return bad
	}
	e := &Error{Op: op, Reason: fmt.Sprintf(format, args...), Scope: strings.Join(b.scope, "."), Pos: caller()}
	for _, n := range operands {
		if n != nil {
			e.Operands = append(e.Operands, n.Shape)
		}
	}
	b.err = e
	return bad
}

var opInvalid = &Op{Name: "invalid"}

// caller returns the first position on the stack outside the packages that
// build graphs for others: it is the line of the model's author, who has none if
// the command is reached.
func caller() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if strings.Contains(f.File, "/cmd/descent/") && !strings.HasSuffix(f.File, "_test.go") {
			return ""
		}
		if !forOthers(f) {
			return shorten(fmt.Sprintf("%s:%d", f.File, f.Line))
		}
		if !more {
			return ""
		}
	}
}

// forOthers reports whether a function builds graphs for somebody else, or is
// the runtime below all of them.
func forOthers(f runtime.Frame) bool {
	const module = "github.com/descent-ml/descent/"
	if strings.HasSuffix(f.File, "_test.go") {
		return false
	}
	for _, p := range []string{module + "graph.", module + "nn.", module + "optim.", module + "train.", module + "internal/", "runtime.", "testing."} {
		if strings.HasPrefix(f.Function, p) {
			return true
		}
	}
	return f.Function == ""
}

// shorten keeps the last two elements of a path.
func shorten(pos string) string {
	i := strings.LastIndexByte(pos, '/')
	if i < 0 {
		return pos
	}
	if j := strings.LastIndexByte(pos[:i], '/'); j >= 0 {
		return pos[j+1:]
	}
	return pos
}

// add makes a node: it checks the operands, derives the shape and the phase.
func (b *Builder) add(op *Op, attr Attr, in ...*Node) *Node {
	for i, x := range in {
		switch {
		case x == nil:
			return b.Failf(op.Name, in, "operand %d is nil", i)
		case x.Op == opInvalid || b.err != nil:
			return b.Failf(op.Name, in, "an operand is invalid")
		case x.ID >= len(b.g.Nodes) || b.g.Nodes[x.ID] != x:
			return b.Failf(op.Name, in, "operand %d belongs to another builder", i)
		}
	}
	if b.err != nil {
		return b.Failf(op.Name, in, "")
	}
	if op.Arity >= 0 && len(in) != op.Arity {
		return b.Failf(op.Name, in, "%d operands, want %d", len(in), op.Arity)
	}
	n := &Node{ID: len(b.g.Nodes), Op: op, In: slices.Clone(in), Attr: attr, Scope: strings.Join(b.scope, ".")}
	s, err := op.shape(n)
	if err != nil {
		return b.Failf(op.Name, in, "%v", err)
	}
	n.Shape = s
	if err := n.setRows(); err != nil {
		return b.Failf(op.Name, in, "%v", err)
	}
	if err := n.setPhase(); err != nil {
		return b.Failf(op.Name, in, "%v", err)
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return n
}

// setPhase counts the sums over examples before the node. A per-example node
// after such a sum mixes examples, which needs a declared barrier.
func (n *Node) setPhase() error {
	n.shared = n.Op == opBarrier
	open := false // a sum over examples that no barrier declares
	for _, x := range n.In {
		if n.Op == opSumRows && x.Op == opTouched {
			continue // listed in the same pass, just before
		}
		n.Phase = max(n.Phase, x.Phase)
		if x.PerExample() || x.Phase == 0 {
			continue
		}
		if n.shared = n.shared || x.shared; !x.shared {
			open = true
		}
		if n.PerExample() && !x.shared {
			return fmt.Errorf("mixes examples: %s is summed over the batch and returns to its examples without a barrier (Builder.Barrier)", x.Op.Name)
		}
	}
	n.shared = n.Op == opBarrier || n.shared && !open
	if n.Op.Class == Examples && slices.ContainsFunc(n.In, (*Node).PerExample) {
		n.Phase++
		n.shared = false
	}
	if n.Op == opSumRows {
		n.Phase = max(n.Phase, n.Rows.Phase)
	}
	return nil
}

// --- leaves ---

var (
	opVar    = register(Op{Name: "var", Doc: "a variable: a parameter or optimizer state", Class: Leaf, shape: leafShape})
	opInput  = register(Op{Name: "input", Doc: "a per-example input", Class: Leaf, shape: leafShape})
	opScalar = register(Op{Name: "scalar", Doc: "a per-update scalar input", Class: Leaf, shape: leafShape})
	opConst  = register(Op{Name: "const", Doc: "a scalar constant: Attr.Float", Class: Leaf, shape: leafShape})
)

func leafShape(n *Node) (Shape, error) { return n.Shape, nil }

// leafName tells leaves apart: an input and a parameter may share a name, as
// the field "weight" and the weight of a lone layer do.
type leafName struct {
	op   *Op
	name string
}

// leaf declares a named value; a name is declared once for each kind.
func (b *Builder) leaf(op *Op, s Shape, attr Attr) *Node {
	if b.names == nil {
		b.names = map[leafName]*Node{}
	}
	if b.err != nil {
		return b.Failf(op.Name, nil, "")
	}
	if op != opConst {
		if b.names[leafName{op, attr.Name}] != nil {
			return b.Failf(op.Name, nil, "the name %q is already taken", attr.Name)
		}
		if attr.Name == "" {
			return b.Failf(op.Name, nil, "the name is empty")
		}
	}
	for i, d := range s.Dims {
		if d < 1 && !(d == Batch && i == 0 && op == opInput) {
			return b.Failf(op.Name, nil, "%q: axis %d has length %d, want at least 1", attr.Name, i, d)
		}
	}
	n := &Node{ID: len(b.g.Nodes), Op: op, Attr: attr, Shape: s, Scope: strings.Join(b.scope, ".")}
	b.g.Nodes = append(b.g.Nodes, n)
	if op != opConst {
		b.names[leafName{op, attr.Name}] = n
	}
	return n
}

// Param declares a parameter of the model under the current scope. Asking
// again for the same name and shape gives the same node: a tied weight.
func (b *Builder) Param(name string, init Init, dims ...int) *Node {
	return b.variable(b.Path(name), Trainable, init, dims)
}

// FrozenParam declares a parameter that training leaves alone.
func (b *Builder) FrozenParam(name string, init Init, dims ...int) *Node {
	return b.variable(b.Path(name), Frozen, init, dims)
}

// StateVar declares a variable of an optimizer. Its name is not scoped.
func (b *Builder) StateVar(name string, init Init, dims ...int) *Node {
	return b.variable(name, State, init, dims)
}

func (b *Builder) variable(name string, kind VarKind, init Init, dims []int) *Node {
	return b.declare(Attr{Name: name, Kind: kind, Init: init}, dims)
}

// declare returns the variable of a name, a new one unless there is one alike.
func (b *Builder) declare(a Attr, dims []int) *Node {
	if old := b.names[leafName{opVar, a.Name}]; old != nil && old.Attr.Kind == a.Kind && old.Attr.Sparse == a.Sparse && slices.Equal(old.Shape.Dims, dims) {
		return old
	}
	n := b.leaf(opVar, Shape{tensor.F32, slices.Clone(dims)}, a)
	if n.Op == opVar {
		b.g.Vars = append(b.g.Vars, n)
	}
	return n
}

// Input declares a per-example input; dims are the axes within an example.
// Asking again for the same name and shape gives the same node.
func (b *Builder) Input(name string, dtype tensor.DType, dims ...int) *Node {
	s := Shape{dtype, append([]int{Batch}, dims...)}
	if old := b.names[leafName{opInput, name}]; old != nil && old.Shape.Equal(s) {
		return old
	}
	n := b.leaf(opInput, s, Attr{Name: name})
	if n.Op == opInput {
		b.g.Inputs = append(b.g.Inputs, n)
	}
	return n
}

// RunningVar declares a variable of the model under the current scope that
// assignments change and gradients do not reach, such as a running mean.
func (b *Builder) RunningVar(name string, init Init, dims ...int) *Node {
	return b.variable(b.Path(name), Running, init, dims)
}

// Scalar declares a float32 number that the caller gives at each update, such
// as the learning rate. Asking again for the same name gives the same node.
func (b *Builder) Scalar(name string) *Node {
	if old := b.names[leafName{opScalar, name}]; old != nil {
		return old
	}
	n := b.leaf(opScalar, F32(), Attr{Name: name})
	if n.Op == opScalar {
		b.g.Scalars = append(b.g.Scalars, n)
	}
	return n
}

// Const returns a float32 constant without axes.
func (b *Builder) Const(v float64) *Node { return b.leaf(opConst, F32(), Attr{Float: v}) }

// Const64 returns a float64 constant without axes.
func (b *Builder) Const64(v float64) *Node { return b.leaf(opConst, F64(), Attr{Float: v}) }

// --- results ---

// Output names a value for the caller to read.
func (b *Builder) Output(name string, n *Node) {
	switch {
	case b.err != nil:
	case n == nil || n.Op == opInvalid:
		b.Failf("output", []*Node{n}, "%q is invalid", name)
	case b.g.Output(name) != nil:
		b.Failf("output", []*Node{n}, "the name %q is already taken", name)
	default:
		b.g.Outputs = append(b.g.Outputs, Output{Name: name, Node: n})
	}
}

// Check makes an update fail, before anything is written, unless the value, a
// float64 scalar, is finite.
func (b *Builder) Check(n *Node) {
	switch {
	case b.err != nil:
	case n == nil || !n.Shape.Equal(F64()):
		b.Failf("check", []*Node{n}, "want a float64 scalar of the per-update half")
	default:
		b.g.Checks = append(b.g.Checks, n)
	}
}

// Assign sets a variable to a value at the end of the update. A value with the
// axis Touched sets those rows alone. All values are computed before any
// variable changes.
func (b *Builder) Assign(v, value *Node) {
	switch {
	case b.err != nil:
	case v == nil || value == nil || v.Op != opVar:
		b.Failf("assign", []*Node{v, value}, "want a variable and a value")
	case value.Shape.Touched() && !assignsRows(v, value):
		b.Failf("assign", []*Node{v, value}, "want the touched rows of %q or of a variable alike", v.Attr.Name)
	case !value.Shape.Touched() && !v.Shape.Equal(value.Shape):
		b.Failf("assign", []*Node{v, value}, "the shapes differ")
	case slices.ContainsFunc(b.g.Assigns, func(a Assign) bool { return a.Var == v }):
		b.Failf("assign", []*Node{v, value}, "%q is assigned twice", v.Attr.Name)
	default:
		if value.Op == opVar { // a variable that may itself be assigned: its old value
			value = b.Max(value, value)
		}
		b.g.Assigns = append(b.g.Assigns, Assign{v, value})
	}
}

// assignsRows reports whether a value is as the touched rows of a variable are.
func assignsRows(v, value *Node) bool {
	s, err := rowsOf(v, value.Rows)
	return err == nil && s.Equal(value.Shape)
}

// Vars returns the variables declared so far, in order of declaration.
func (b *Builder) Vars() []*Node { return slices.Clone(b.g.Vars) }
