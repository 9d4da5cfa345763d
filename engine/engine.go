package engine

import (
	"github.com/descent-ml/descent/collective"
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

	// Estimate compiles a graph without memory for it, and describes what
	// would run. It is how a trainer chooses Options.
	Estimate(g *graph.Graph, o Options) (Plan, error)
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

// HostVars are Vars in the memory of the host. View returns a variable as it is
// there: what is written to the tensor is written to the variable, and the other
// way round, so it is for use between two updates. It is nil for an unknown
// name, and stays valid when the engine is closed.
type HostVars interface {
	Vars
	View(name string) *tensor.Tensor
}

// Options fix the sizes of a program before it runs.
type Options struct {
	// Rows is the largest micro-batch: what Micro may be given at once. It is
	// rounded up to whole groups of the graph (group batch norm): Plan.Rows.
	Rows int
	// Batch is the most examples of one batch that the program is given: of
	// all shards that it carries. It decides which sums over examples need
	// storage for more than one leaf, and how much a value takes that outlives
	// a pass; 0 means Rows.
	Batch int
	// Shards is how many shards a batch is divided into, over all workers; 0
	// or 1: it is not divided. First and Own are the shards that this program
	// carries, [First, First+Own); Own 0 means all.
	Shards, First, Own int
	// Seed keys the random operations.
	Seed uint64
	// Recompute says what is computed again instead of kept, of the values
	// that a later pass needs.
	Recompute Recompute
	// Memory bounds the program's own memory (Plan.Bytes) for RecomputeAuto;
	// 0 is no bound. A bound that cannot be met is not an error: Plan tells.
	Memory int64
}

// Recompute is a choice between memory and time. It changes no result.
type Recompute uint8

const (
	RecomputeAuto   Recompute = iota // as little as Options.Memory allows
	RecomputeNever                   // keep all
	RecomputeAlways                  // keep only what cannot be computed from the inputs and what else is kept
)

// Program executes one graph. An update is
//
//	Begin
//	for each pass: Micro for each micro-batch in order, then EndPass
//	Finish, Commit
//
// A graph without barriers has one pass. Where the batch is divided into
// shards, each pass goes through the shards that the program carries in
// ascending order, and EndShard follows the last micro-batch of each. Where the
// batch has shards that other programs carry, Parts and Adopt come before
// EndPass. Finish ends the last pass if EndPass has not been called.
//
// An update that is watched (Watch) computes the outputs that are watched, and has
// two pieces: in each pass Mark ends the first, behind the Micro or, where the
// batch is divided, the EndShard of the same example. Where other programs carry
// shards, Marks and AdoptMarks come beside Parts and Adopt. No other output, and no
// bit of what Commit writes, depends on any of it.
//
// Nothing but Commit changes a variable. Abandoning an update before Commit,
// for whatever reason, leaves no trace. A program is not safe for concurrent
// use, and none of its methods but Plan allocates.
type Program interface {
	// Passes returns how often an update goes through its examples: the
	// barriers of the graph and one.
	Passes() int

	// Watch says whether the next updates are watched; at first they are not. It
	// is called before Begin.
	Watch(on bool)

	// Begin starts a batch. first is the position in the stream of examples of
	// the first example that this program is given; scalars are the values of
	// graph.Scalars in order.
	Begin(first uint64, scalars []float64)

	// Micro runs the per-example half for the next rows of the batch. in has
	// a tensor for each of graph.Inputs, in order; the rows used are
	// [row, row+rows) of each. Every pass is given the same examples, in the
	// same micro-batches. All micro-batches of a shard but the last are a
	// whole number of the graph's groups (Plan.Group). Per-example outputs are
	// valid after a Micro of the last pass, until the next call.
	Micro(in []*tensor.Tensor, row, rows int)

	// EndShard ends shard number index of the batch, in the current pass.
	EndShard(index int)

	// Mark ends the first piece of the batch in the current pass of a watched
	// update, with a whole number of the graph's groups. In a pass without Mark
	// the first piece is empty. It does nothing in other updates.
	Mark()

	// Parts returns what the program has summed in the current pass: nodes of
	// the tree over the shards, in ascending order. They are valid until the
	// next call of Adopt, EndPass or Finish.
	Parts() []collective.Part

	// Adopt makes the program go on from the sum of all parts of all programs.
	Adopt(total *collective.Part)

	// Marks returns what Parts would have at the Mark of the current pass: none if
	// the program carries nothing of the first piece. They are valid until the
	// next call of AdoptMarks, EndPass or Finish.
	Marks() []collective.Part

	// AdoptMarks makes the sum of all marks of all programs that of the first
	// piece.
	AdoptMarks(total *collective.Part)

	// EndPass ends a pass: sums over the batch are complete, and what later
	// passes and outputs need of them is computed.
	EndPass()

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

	// OutputRows returns how many rows of a named output's tensor are valid: of
	// a per-example one those of the last Micro, of one over the touched rows
	// of a sparse parameter, whose tensor has room for the most that a batch
	// touches, those of this batch, after Finish. It is 0 for other outputs.
	OutputRows(name string) int

	// Plan describes what will run.
	Plan() Plan
}

// Plan is the printable outcome of compilation.
type Plan struct {
	Kernels  []Kernel
	Passes   int   // over the examples of a batch
	Group    int   // micro-batches are whole numbers of it
	Rows     int   // the largest micro-batch
	Bytes    int64 // of the program: activations, gradients, accumulators
	VarBytes int64 // of the variables
	FLOPs    int64 // of one example, per-example half, with Again
	Update   int64 // FLOPs once per update

	// FLOPs and Update are of updates that are not watched. Those that are cost
	// the watched kernels as well, and Marked bytes that a Mark copies.
	Marked int64

	// What barriers cost: Kept bytes (part of Bytes) of values that outlive a
	// pass, for the whole batch, and Again FLOPs (part of FLOPs) of one example
	// for values that are computed again. Each is 0 with one pass.
	Kept, Again int64
	Recomputed  []string // what is computed again: layer and operation
	// Price is the time that Again takes, as a share of the time of an update
	// that keeps all, estimated from operations and bytes.
	Price float64
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

	Watched bool // it runs in watched updates alone
}
