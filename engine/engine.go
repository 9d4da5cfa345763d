package engine

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Engine compiles graphs.
type Engine interface {
	// NewVars makes storage for variables, of zeros. Programs that share it
	// (training and evaluation) see the same weights.
	NewVars(specs []VarSpec) (Vars, error)

	// Compile plans a graph. Every variable of the graph must be in vars.
	Compile(g *graph.Graph, vars Vars, o Options) (Program, error)

	// Close stops the engine's workers. Programs must not run afterwards.
	Close()
}

// VarSpec declares a variable.
type VarSpec struct {
	Name  string
	Kind  graph.VarKind
	Shape tensor.Shape
}

// Vars stores the variables of a model and its optimizer.
type Vars interface {
	Specs() []VarSpec                           // in the order of NewVars
	Read(name string, dst *tensor.Tensor) error // copies out; f32, same shape
	Write(name string, src *tensor.Tensor) error
}

// Options fix the sizes of a program before it runs.
type Options struct {
	// Rows is the largest micro-batch: what Micro may be given at once.
	Rows int
	// Batch is the largest batch. It decides only whether sums over examples
	// need storage for more than one leaf; 0 means Rows.
	Batch int
	// Seed keys the random operations.
	Seed uint64
}

// Program executes one graph. An update is
//
//	Begin, Micro for each micro-batch in order, Finish, Commit
//
// and nothing but Commit changes a variable. Abandoning an update before
// Commit, for whatever reason, leaves no trace. A program is not safe for
// concurrent use, and none of its methods but Plan allocates.
type Program interface {
	// Begin starts a batch whose first example has position first in the
	// stream of examples; scalars are the values of graph.Scalars in order.
	Begin(first uint64, scalars []float64)

	// Micro runs the per-example half for the next rows of the batch. in has
	// a tensor for each of graph.Inputs, in order; the rows used are
	// [row, row+rows) of each. Per-example outputs are valid until the next
	// call.
	Micro(in []*tensor.Tensor, row, rows int)

	// Finish computes the per-update outputs and checks. It reports whether
	// every check is finite.
	Finish() bool

	// Commit performs the assignments. It cannot fail.
	Commit()

	// Output returns the value of a named output: for a per-example one the
	// first rows of its tensor are those of the last Micro; a per-update one
	// is valid after Finish. The tensor is the program's own and keeps its
	// identity. It is nil for an unknown name.
	Output(name string) *tensor.Tensor

	// Plan describes what will run.
	Plan() Plan
}

// Plan is the printable outcome of compilation.
type Plan struct {
	Kernels  []Kernel
	Rows     int   // the largest micro-batch
	Bytes    int64 // of the arena: activations, gradients, accumulators
	VarBytes int64 // of the variables
	FLOPs    int64 // of one example, per-example half
	Update   int64 // FLOPs once per update
}

// Kernel is one prepared call of a plan.
type Kernel struct {
	Stage  string // prologue, rows, reduce, epilogue or commit
	Name   string // linear, vector, softmax, …
	Detail string // the operations it computes
	Shape  string // its sizes
	FLOPs  int64  // of one example in the body, else of the update
	Bytes  int64  // read and written for each example
	Fixed  int64  // read and written once a call: weights, sums
	Where  string // the offset of its result
}
