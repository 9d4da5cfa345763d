package cpu

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// step is one prepared call. run computes examples [r0, r1) of its result; a
// per-update value counts as one example.
type step struct {
	run func(p *program, w *worker, s *step, r0, r1 int)

	out, a, b, c ref
	per          int // rows of an example
	cols, k      int // columns of the result, and of the first operand
	eps          float32
	eps64        float64
	group        int // examples that are taken together
	moments      *moments
	attention    *attention
	conv         *kernel.Conv
	init         kernel.Init
	key          [2]uint32
	threshold    uint32
	parts        []ref // of a concatenation
	offset       int   // of a slice or pad, in columns
	shape, perm  []int // of a transposition or broadcast: see there
	turns        *turns
	pool         *kernel.Pool
	touched      *touched // of a value over touched rows, each of which counts as an example
	over         *touched // of a number that sums over touched rows

	pieces int // the first piece of a sum of squares

	vec *vector
	num *number
	sum *sum // of a sum over examples, or of its first piece

	watched bool // it runs in watched updates alone

	cost float64 // rough nanoseconds of one thread for one example, or for all
	unit *compile.Unit

	lines []lines // of a convolution: ranges of the rows of its result, for threads

	// Of a matrix product: columns computes some columns of the first rows
	// examples; reading is the time that its matrix takes to be read.
	columns func(p *program, w *worker, s *step, rows, c0, c1 int)
	reading float64
}

// ref is the memory of an operand: fixed slices, or window number in-1.
type ref struct {
	f32 []float32
	f64 []float64
	i32 []int32
	in  int
}

func (p *program) f32(r *ref) []float32 {
	if r.in > 0 {
		return p.windows[r.in-1].f32
	}
	return r.f32
}

func (p *program) i32(r *ref) []int32 {
	if r.in > 0 {
		return p.windows[r.in-1].i32
	}
	return r.i32
}

// ref returns the memory of a root.
func (p *program) ref(n *graph.Node) ref {
	b := p.plan.Buffers[n]
	size := n.Shape.Size()
	switch n.Shape.Lead() {
	case graph.Batch:
		size *= p.opts.Rows
	case graph.Touched:
		size *= p.plan.Touched[n.Rows].Most
	}
	switch b.Space {
	case compile.InInput:
		return ref{in: b.Index + 1}
	case compile.InKept:
		return ref{in: len(p.plan.Graph.Inputs) + b.Index + 1}
	case compile.InScalar:
		return ref{f32: p.scalars[b.Index : b.Index+1]}
	case compile.InConst:
		return ref{f32: []float32{float32(n.Attr.Float)}, f64: []float64{n.Attr.Float}}
	case compile.InVars:
		return ref{f32: p.vars.memory.f32(b.Offset, int(b.Bytes/4))}
	case compile.InFixed:
		return p.memory(n, p.fixed(b.Offset), size)
	}
	return p.memory(n, b.Offset, size)
}

// fixed returns where in the arena an offset into its fixed part is.
func (p *program) fixed(offset int64) int64 { return p.plan.RowBytes + p.plan.KeptBytes + offset }

// memory returns size elements of the arena in the type of n.
func (p *program) memory(n *graph.Node, offset int64, size int) ref {
	switch n.Shape.DType {
	case tensor.F64:
		return ref{f64: p.arena.f64(offset, size)}
	case tensor.I32:
		return ref{i32: p.arena.i32(offset, size)}
	}
	return ref{f32: p.arena.f32(offset, size)}
}

// bind prepares a call for every unit, and computes what never changes.
func (p *program) bind() error {
	for i := range p.plan.Units {
		u := &p.plan.Units[i]
		if u.Kind == compile.Fill {
			fill(p.ref(u.Nodes[0]).f32, float32(u.Nodes[0].In[0].Attr.Float))
			continue
		}
		s, err := p.newStep(u)
		if err != nil {
			return err
		}
		if u.Stage == compile.Once {
			s.run(p, new(worker), &s, 0, 1)
			continue
		}
		s.unit, s.watched = u, u.Watched
		if s.sum == nil { // a sum and its first piece are completed as a whole
			s.touched = p.touched[u.Nodes[len(u.Nodes)-1].Rows]
		}
		s.cost = estimate(u)
		to := p.stage(u.Stage, u.Pass)
		*to = append(*to, s)
	}
	p.touchAgain()
	p.once[2] = p.mergeVectors(p.once[2])
	for i := range p.passes {
		pass := &p.passes[i]
		pass.rowsCost, pass.sumsCost = total(pass.rows), total(pass.reduce)
		slab := p.plan.Slabs[i]
		pass.slab = p.arena.f64(p.fixed(slab.Offset), int(slab.Bytes/8))
		p.cutSums(pass)
	}
	p.shareSquares()
	return nil
}

// stage returns the list of the calls of a stage.
func (p *program) stage(s compile.Stage, i int) *[]step {
	switch s {
	case compile.Prologue:
		return &p.once[0]
	case compile.Rows:
		return &p.passes[i].rows
	case compile.Touch:
		return &p.passes[i].touch
	case compile.Reduce:
		return &p.passes[i].reduce
	case compile.Barrier:
		return &p.passes[i].barrier
	case compile.Epilogue:
		return &p.once[1]
	}
	return &p.once[2]
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// total adds the costs of steps, of those that run in every update.
func total(steps []step) (cost float64) {
	for i := range steps {
		if !steps[i].watched {
			cost += steps[i].cost
		}
	}
	return cost
}

// estimate is the time of a unit for one example or touched row, or of a
// per-update unit,
// from its operations and bytes, at rates that a current core reaches: 100
// operations and 30 bytes a nanosecond. It decides only whether threads are
// worth waking.
func estimate(u *compile.Unit) float64 {
	var flops, bytes int64
	for _, n := range u.Nodes {
		example, fixed := n.Bytes()
		flops += n.FLOPs()
		if bytes += example; u.Stage < compile.Rows || u.Stage > compile.Reduce {
			bytes += fixed
		}
	}
	return float64(flops)/100 + float64(bytes)/30
}

func (p *program) newStep(u *compile.Unit) (step, error) {
	switch u.Kind {
	case compile.Vector:
		return p.newVector(u), nil
	case compile.Scalar:
		return p.newNumber(u.Nodes[0])
	case compile.Pair:
		return p.newPair(u), nil
	case compile.Copy:
		return p.newCopy(u.Nodes[0], u.Nodes[1]), nil
	}
	n := u.Nodes[0]
	if n.Op.Name == "part" {
		return p.newPart(n), nil
	}
	switch u.Stage {
	case compile.Touch:
		return p.newTouch(p.touched[n], n.In), nil
	case compile.Reduce:
		return p.newSum(n)
	}
	prepare := singles[n.Op.Name]
	if prepare == nil {
		return step{}, fmt.Errorf("engine/cpu: no kernel for %s %v", n.Op.Name, n.Shape)
	}
	s := p.operands(n)
	return s, prepare(p, n, &s)
}

// newCopy is the assignment of a value to a variable, or to its touched rows.
func (p *program) newCopy(v, value *graph.Node) step {
	s := step{run: runCopy, out: p.ref(v), a: p.ref(value)}
	if value.Rows != nil {
		s.run, s.per, s.cols = runCopyRows, 1, value.Shape.Size()
	}
	return s
}

// operands fills what most kernels need: refs, rows and columns.
func (p *program) operands(n *graph.Node) step {
	s := step{out: p.ref(n), cols: n.Shape.Last()}
	s.per = n.Shape.Size() / s.cols
	for i, x := range n.In {
		r := p.ref(p.plan.Root(x))
		switch i {
		case 0:
			s.a, s.k = r, x.Shape.Last()
		case 1:
			s.b = r
		case 2:
			s.c = r
		}
	}
	return s
}

// singles prepares the operations that have a kernel of their own.
var singles = map[string]func(p *program, n *graph.Node, s *step) error{
	"linear":           product(runLinear, linearColumns, kernel.Zero),
	"linearbias":       product(runLinear, linearColumns, kernel.Bias),
	"lineart":          product(runLinearT, linearTColumns, kernel.Zero),
	"dotexamples":      prepareDot,
	"softmax":          plain(runSoftmax),
	"logsoftmax":       plain(runLogSoftmax),
	"softmaxgrad":      plain(runSoftmaxGrad),
	"logsoftmaxgrad":   plain(runLogSoftmaxGrad),
	"crossentropy":     withEps(runCrossEntropy, true),
	"crossentropygrad": withEps(runCrossEntropyGrad, false),
	"normalize":        withEps(runNormalize, false),
	"normalizegrad":    withEps(runNormalizeGrad, false),
	"rmsnormalize":     withEps(runRMSNormalize, false),
	"rmsnormalizegrad": withEps(runRMSNormalizeGrad, false),
	"reducesum":        prepareReduce(runReduceSum),
	"reducemax":        prepareReduce(runReduceMax),
	"sumsquares":       prepareSquares,
	"gather":           plain(runGather),
	"gathertouched":    plain(runGatherTouched),
	"dropoutmask":      prepareMask,
	"cast":             prepareCast,
	"slice":            func(p *program, n *graph.Node, s *step) error { s.run, s.offset = runSlice, n.Attr.Int; return nil },
	"pad":              func(p *program, n *graph.Node, s *step) error { s.run, s.offset = runPad, n.Attr.Int; return nil },
	"concat":           prepareConcat,
	"transpose":        prepareTranspose,
	"broadcast":        prepareBroadcast,

	"attention":       prepareAttention,
	"attentionstats":  prepareAttention,
	"attentiongrad":   prepareAttentionGrad,
	"attentioncached": prepareAttentionCached,

	"dots":         prepareDots(runDots),
	"mix":          prepareDots(runMix),
	"outer":        prepareOuter,
	"pairdots":     preparePairs(runPairDots),
	"pairdotsgrad": preparePairs(runPairDotsGrad),

	"moment":             prepareMoments(momentParts),
	"momentgrad":         prepareMoments(momentGradParts),
	"groupnormalize":     prepareGroup(runGroupNormalize),
	"groupnormalizegrad": prepareGroup(runGroupNormalizeGrad),
	"groupdots":          prepareGroup(runGroupDots),
	"groupmix":           prepareGroup(runGroupMix),
	"groupmixt":          prepareGroup(runGroupMixT),
	"groupkeep":          prepareGroup(runGroupKeep),
	"groupplace":         prepareGroup(runGroupPlace),

	"conv":      prepareConv,
	"convinput": prepareConvInput,

	"grams":            prepareGrams,
	"shift":            prepareSequence(runShift, operand0),
	"reverse":          prepareSequence(runReverse, operand0),
	"pickat":           prepareSequence(runPickAt, operand0),
	"placeat":          prepareSequence(runPlaceAt, itself),
	"meanover":         prepareSequence(runMeanOver, operand0),
	"sumover":          prepareSequence(runSumOver, operand0),
	"spreadover":       prepareSequence(runSpreadOver, itself),
	"maxover":          prepareSequence(runMaxOver, operand0),
	"maxovergrad":      prepareMaxOverGrad,
	"maxpool":          preparePool(runMaxPool),
	"maxpoolgrad":      preparePool(runMaxPoolGrad),
	"avgpool":          preparePool(runAvgPool),
	"avgpoolgrad":      preparePool(runAvgPoolGrad),
	"rotary":           prepareRotary,
	"positionrows":     preparePositions(runPositionRows),
	"positionrowsgrad": preparePositions(runPositionRowsGrad),
	"sinusoids":        prepareSinusoids,
	"lstm":             prepareRecurrent(runLSTM, 2),
	"lstmgrad":         prepareRecurrent(runLSTMGrad, 3),
	"gru":              prepareRecurrent(runGRU, 3),
	"grugrad":          prepareRecurrent(runGRUGrad, 3),
}

type runFunc = func(p *program, w *worker, s *step, r0, r1 int)

func plain(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error { s.run = run; return nil }
}

// withEps is for kernels with a number of their own. A loss has one value for
// each row of its operand.
func withEps(run runFunc, loss bool) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		s.run, s.eps = run, float32(n.Attr.Float)
		if loss {
			s.per = n.Shape.Size()
		}
		return nil
	}
}

func prepareReduce(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		s.run, s.per = run, n.Shape.Size()
		s.k = n.In[0].Shape.Size() / s.per
		return nil
	}
}

// prepareSquares divides a sum of squares of a gradient into pieces, which are
// subtrees of its tree; another's is computed as it stands.
func prepareSquares(p *program, n *graph.Node, s *step) error {
	s.run, s.over = runSumSquares, p.touched[n.In[0].Rows]
	if x := p.plan.Root(n.In[0]); p.plan.Stage(x) == compile.Reduce && !p.plan.Watched(n) && (len(p.pieces) == 0 || p.squaresIn == p.plan.Stage(n)) {
		p.squaresIn = p.plan.Stage(n)
		s.run, s.pieces = runJoinSquares, len(p.pieces)
		for at := 0; at < len(s.a.f32); at += squarePiece {
			p.pieces = append(p.pieces, &piece{x: s.a.f32[at:min(at+squarePiece, len(s.a.f32))], of: s, at: at})
		}
	}
	return nil
}

// prepareDot is a contraction of two per-update values; sums over examples are
// in sums.go.
func prepareDot(p *program, n *graph.Node, s *step) error {
	s.run = runDot
	s.per = n.In[0].Shape.Size() / s.k
	return nil
}

func prepareMask(p *program, n *graph.Node, s *step) error {
	s.run = runMask
	s.per, s.cols = 1, n.Shape.Size()
	s.key = rng.Key(p.opts.Seed, "dropout:"+n.Attr.Name)
	s.threshold = dropThreshold(n.Attr.Float)
	s.eps = float32(1 / (1 - n.Attr.Float))
	return nil
}

// dropThreshold is what a word of the generator must reach to be kept.
func dropThreshold(rate float64) uint32 { return uint32(min(int64(rate*(1<<32)+0.5), 1<<32-1)) }

func prepareConcat(p *program, n *graph.Node, s *step) error {
	s.run = runConcat
	for _, x := range n.In {
		s.parts = append(s.parts, p.ref(p.plan.Root(x)))
		s.perm = append(s.perm, x.Shape.Last())
	}
	return nil
}

func prepareCast(p *program, n *graph.Node, s *step) error {
	from, to := n.In[0].Shape.DType, n.Shape.DType
	s.per, s.cols = 1, n.Shape.Size()
	if from != tensor.I32 || to != tensor.F32 {
		return fmt.Errorf("engine/cpu: no kernel for cast from %v to %v of %v", from, to, n.Shape)
	}
	s.run = runFromI32
	return nil
}

// prepareTranspose turns the permutation into a walk: for each axis of the
// result its length and the stride of the operand.
func prepareTranspose(p *program, n *graph.Node, s *step) error {
	strides := rowMajor(n.In[0].Shape.Inner())
	s.run, s.per, s.cols = runStrided, 1, n.Shape.Size()
	s.k = s.cols
	s.shape = n.Shape.Inner()
	for _, axis := range n.Attr.Dims {
		s.perm = append(s.perm, strides[axis])
	}
	return nil
}

// prepareBroadcast is the same walk with stride 0 along repeated axes. k is 0
// if every example or touched row reads the same per-update value.
func prepareBroadcast(p *program, n *graph.Node, s *step) error {
	x := n.In[0].Shape
	strides := rowMajor(x.Inner())
	s.run, s.per, s.cols = runStrided, 1, n.Shape.Size()
	if s.k = 0; x.Lead() == n.Shape.Lead() {
		s.k = x.Size()
	}
	s.shape = n.Shape.Inner()
	missing := len(s.shape) - len(strides)
	for i := range s.shape {
		stride := 0
		if i >= missing && x.Inner()[i-missing] != 1 {
			stride = strides[i-missing]
		}
		s.perm = append(s.perm, stride)
	}
	return nil
}

func rowMajor(dims []int) []int {
	strides := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = n
		n *= dims[i]
	}
	return strides
}

func (p *program) newPair(u *compile.Unit) step {
	if u.Nodes[0].Op.Name == "attention" {
		return p.newAttentionPair(u)
	}
	return p.newLossGrad(u)
}

func (p *program) newLossGrad(u *compile.Unit) step {
	loss, grad := u.Nodes[0], u.Nodes[1]
	s := p.operands(grad)
	s.run, s.eps, s.parts = runLossGrad, float32(grad.Attr.Float), []ref{p.ref(loss)}
	return s
}
