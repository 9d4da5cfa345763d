package compile

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Space is the memory that holds a value.
type Space uint8

const (
	InVars   Space = iota // a variable; Offset into its slab, in bytes
	InInput               // given at each micro-batch; Index
	InScalar              // given at each update; Index
	InConst               // a constant
	InRows                // per-example, of a micro-batch, in the arena; Offset in bytes
	InKept                // per-example, of the whole batch, in the arena; Offset in bytes and Index
	InFixed               // per-update, in the arena; Offset in bytes
)

// Buffer is the place of a value.
type Buffer struct {
	Space  Space
	Index  int
	Offset int64
	Bytes  int64 // of one example, or of the whole value with the most touched rows
	// Acc is the offset of the float64 total of a sum over examples; -1 if
	// the batch is one leaf and the float32 chain is the sum.
	Acc int64
}

// align is the boundary of every buffer: a cache line and an AVX-512 vector.
const align = 64

func alignUp(n int64) int64 { return (n + align - 1) &^ (align - 1) }

// Layout places variables in two slabs, one for parameters and one for each
// kind of optimizer state, so that all first moments, say, lie in the order of
// their parameters. An update then runs over whole slabs.
type Layout struct {
	Offset map[string]int64 // by variable name, in bytes
	Bytes  int64            // of all slabs
	order  []string
}

// Var is what a Layout needs to know of a variable.
type Var struct {
	Name string
	Kind graph.VarKind
	Dims []int
}

// NewLayout places variables. Matrices come before vectors, so that a rule for
// matrices alone (weight decay) covers one range. State variables follow the
// parameter whose name they contain; they are grouped by what remains of their
// name ("m", "v").
func NewLayout(vars []Var) *Layout {
	l := &Layout{Offset: map[string]int64{}}
	sorted := slices.Clone(vars)
	position := map[string]int{}
	for i, v := range vars {
		position[v.Name] = i
	}
	slices.SortStableFunc(sorted, func(a, b Var) int {
		return cmp.Or(cmp.Compare(slab(a), slab(b)), cmp.Compare(min(len(b.Dims), 2), min(len(a.Dims), 2)),
			cmp.Compare(position[a.Name], position[b.Name]))
	})
	for _, v := range sorted {
		l.Offset[v.Name] = l.Bytes
		l.Bytes += alignUp(int64(4 * tensor.Shape(v.Dims).Size()))
		l.order = append(l.order, v.Name)
	}
	return l
}

// slab names the slab of a variable: state "optim/0.weight/m" is in "s:m".
func slab(v Var) string {
	if v.Kind != graph.State {
		return "p:" + fmt.Sprint(v.Kind)
	}
	name := v.Name
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			return "s:" + name[i+1:]
		}
	}
	return "s:" + name
}

// place gives every value its memory. The passes use the same memory for what
// they do not leave to others, behind the constants that all share.
func (s *state) place() {
	s.placeLeaves()
	s.placeSums()
	s.placeFills()
	left := s.readers()
	kept := &keptPlaces{}
	fills := s.plan.RowBytes
	var free map[int64][]int64 // by bytes of a row: offsets that can be reused
	at := &cursor{next: fills}
	for i := range s.plan.Units {
		u := &s.plan.Units[i]
		if u.Kind == Copy || u.Kind == Fill || u.Stage == Touch || u.Stage == Reduce {
			continue
		}
		if u.Stage == Rows && (u.Pass != at.pass || free == nil) {
			free, at = map[int64][]int64{}, &cursor{u.Pass, fills}
		}
		// A chain with one result writes it last, element by element, so it
		// may overwrite what it reads.
		inPlace := u.Kind == Vector && len(u.Vec.Outputs) == 1
		if inPlace && u.Stage == Rows {
			s.release(u, left, free)
		}
		for _, n := range s.stored(u) {
			s.placeValue(n, u, free, at, kept)
		}
		if !inPlace && u.Stage == Rows {
			s.release(u, left, free)
		}
	}
}

// cursor is where the next value of a micro-batch goes in a pass.
type cursor struct {
	pass int
	next int64
}

// placeFills places the constants of the rows stage, which are written once for
// all updates.
func (s *state) placeFills() {
	for i := range s.plan.Units {
		if u := &s.plan.Units[i]; u.Kind == Fill {
			n := u.Nodes[0]
			b := &Buffer{Space: InRows, Bytes: valueBytes(n), Offset: s.plan.RowBytes, Acc: -1}
			s.plan.Buffers[n] = b
			s.plan.RowBytes += alignUp(b.Bytes * int64(s.o.Rows))
		}
	}
}

// valueBytes is what one example or touched row of a value takes, or a per-update
// value.
func valueBytes(n *graph.Node) int64 { return int64(n.Shape.Size() * n.Shape.DType.Size()) }

// stored returns the nodes of a unit that need memory.
func (s *state) stored(u *Unit) []*graph.Node {
	if u.Vec != nil {
		return u.Vec.Outputs
	}
	return u.Nodes
}

// placeValue puts a value into the variable it is assigned to, into the memory
// of the whole batch, a freed place or a new one.
func (s *state) placeValue(n *graph.Node, u *Unit, free map[int64][]int64, at *cursor, kept *keptPlaces) {
	b := &Buffer{Bytes: valueBytes(n) * s.most(n), Acc: -1}
	s.plan.Buffers[n] = b
	for _, a := range s.g.Assigns {
		if s.root[a.Value.ID] == n && s.plan.Buffers[a.Var] != nil && s.assignedInPlace(a) {
			*b = *s.plan.Buffers[a.Var]
			return
		}
	}
	switch {
	case u.Stage != Rows:
		b.Space, b.Offset = InFixed, s.fixed(b.Bytes)
	case s.outlives(n):
		b.Space, b.Offset, b.Index = InKept, kept.place(alignUp(b.Bytes*int64(s.o.Batch)), u.Pass, s.lastReader(n)), s.plan.Kept
		s.plan.Kept++
		s.plan.KeptBytes = kept.end
	case len(free[b.Bytes]) > 0:
		f := free[b.Bytes]
		b.Space, b.Offset, free[b.Bytes] = InRows, f[len(f)-1], f[:len(f)-1]
	default:
		b.Space, b.Offset = InRows, at.next
		at.next += alignUp(b.Bytes * int64(s.o.Rows))
		s.plan.RowBytes = max(s.plan.RowBytes, at.next)
	}
}

// outlives reports whether a later pass reads a per-example value.
func (s *state) outlives(n *graph.Node) bool {
	return s.readAfter(n, s.passOf[n.ID]) || s.passOf[n.ID] < s.plan.Passes-1 && slices.Contains(s.results(), n)
}

// keptPlaces gives memory to the values that outlive a pass. Behind the last pass that
// reads a value its place goes to another of the same size.
type keptPlaces struct {
	used []keptPlace
	end  int64
}

// keptPlace is a range of memory and the last pass that reads what is there.
type keptPlace struct {
	offset, bytes int64
	last          int
}

// place returns the offset of a value that is computed in pass and last read in last.
func (k *keptPlaces) place(bytes int64, pass, last int) int64 {
	for i := range k.used {
		if p := &k.used[i]; p.bytes == bytes && p.last < pass {
			p.last = last
			return p.offset
		}
	}
	k.used = append(k.used, keptPlace{k.end, bytes, last})
	k.end += bytes
	return k.end - bytes
}

// lastReader returns the last pass that reads a value; the caller reads results behind
// all of them.
func (s *state) lastReader(n *graph.Node) int {
	if slices.Contains(s.results(), n) {
		return s.plan.Passes
	}
	last := s.passOf[n.ID]
	for _, u := range s.users[n.ID] {
		if last = max(last, s.passOf[u.ID]); s.virtual[u.ID] {
			last = max(last, s.lastReader(u))
		}
	}
	return last
}

// readAfter reports whether a value is read behind a pass, itself or through
// broadcasts that are read in place.
func (s *state) readAfter(n *graph.Node, pass int) bool {
	return slices.ContainsFunc(s.users[n.ID], func(u *graph.Node) bool {
		return s.passOf[u.ID] > pass || s.virtual[u.ID] && s.readAfter(u, pass)
	})
}

// assignedInPlace reports whether order left the assignment without a copy.
func (s *state) assignedInPlace(a graph.Assign) bool {
	return !slices.ContainsFunc(s.plan.Units, func(u Unit) bool { return u.Kind == Copy && u.Nodes[0] == a.Var })
}

func (s *state) fixed(bytes int64) int64 {
	at := s.plan.FixedBytes
	s.plan.FixedBytes += alignUp(bytes)
	return at
}

// readers counts, for each value of the rows stage, the units of that stage
// that still have to read it; what later stages, later updates or the caller
// read is kept.
func (s *state) readers() map[*graph.Node]int {
	left := map[*graph.Node]int{}
	for i := range s.plan.Units {
		u := &s.plan.Units[i]
		for _, x := range s.inputsOf(u) {
			left[x]++
			if u.Stage != Rows || isFill(x) {
				left[x] += len(s.plan.Units)
			}
		}
	}
	for _, r := range s.results() {
		left[r] += len(s.plan.Units)
	}
	return left
}

// inputsOf returns the distinct values that a unit reads from memory.
func (s *state) inputsOf(u *Unit) []*graph.Node {
	var in []*graph.Node
	for _, n := range u.Nodes {
		for _, x := range s.operands(n) {
			if x = s.source(x); !slices.Contains(in, x) && !slices.Contains(u.Nodes, x) {
				in = append(in, x)
			}
		}
	}
	return in
}

// release frees what this unit of the rows stage is the last to read. Places
// go only to values with rows of the same size: a block of rows then owns the
// same bytes of both, and blocks on other threads never meet. A Vec that reads
// a value other than element by element must not overwrite it.
func (s *state) release(u *Unit, left map[*graph.Node]int, free map[int64][]int64) {
	for _, x := range s.inputsOf(u) {
		left[x]--
		b := s.plan.Buffers[x]
		if left[x] != 0 || b == nil || b.Space != InRows {
			continue
		}
		if u.Vec != nil && !slices.Contains(u.Vec.Inputs, Operand{x, Full}) {
			continue
		}
		free[b.Bytes] = append(free[b.Bytes], b.Offset)
	}
}

// placeLeaves places variables, inputs, scalars and constants.
func (s *state) placeLeaves() {
	for i, n := range s.g.Inputs {
		s.plan.Buffers[n] = &Buffer{Space: InInput, Index: i, Bytes: int64(n.Shape.Size() * n.Shape.DType.Size()), Acc: -1}
	}
	for i, n := range s.g.Scalars {
		s.plan.Buffers[n] = &Buffer{Space: InScalar, Index: i, Bytes: 4, Acc: -1}
	}
	for _, n := range s.g.Vars {
		offset, ok := s.plan.Layout.Offset[n.Attr.Name]
		if !ok {
			s.err = fmt.Errorf("variable %q has no storage", n.Attr.Name)
			return
		}
		s.plan.Buffers[n] = &Buffer{Space: InVars, Offset: offset, Bytes: int64(4 * n.Shape.Size()), Acc: -1}
	}
	for _, n := range s.g.Nodes {
		if n.Op.Name == "const" {
			s.plan.Buffers[n] = &Buffer{Space: InConst, Bytes: int64(n.Shape.DType.Size()), Acc: -1}
		}
	}
}

// placeSums places the sums over examples: those that become the gradient of a
// variable in the order of the variables, so that an update can run over all
// of them at once.
func (s *state) placeSums() {
	owner := map[*graph.Node]string{}
	for _, a := range s.g.Assigns {
		if n := s.gradientOf(a); n != nil && a.Var.Attr.Kind == graph.Trainable {
			owner[n] = a.Var.Attr.Name
		}
	}
	for _, name := range s.plan.Layout.order {
		for _, n := range s.g.Nodes {
			if owner[n] == name {
				s.placeSum(n)
			}
		}
	}
	for _, n := range s.g.Nodes {
		if s.computed(n) && (s.stageOf[n.ID] == Reduce || touchedRows(n)) && s.plan.Buffers[n] == nil {
			s.placeSum(n)
		}
	}
	if s.plan.Slots = s.o.Slots; slices.ContainsFunc(s.g.Nodes, func(n *graph.Node) bool { return isPart(n) && s.computed(n) }) {
		s.plan.Slots *= 2
	}
	s.placeTouched()
	s.placeTotals()
}

func (s *state) placeSum(n *graph.Node) {
	b := &Buffer{Space: InFixed, Bytes: valueBytes(n) * s.most(n), Acc: -1}
	b.Offset = s.fixed(b.Bytes)
	s.plan.Buffers[n] = b
}

// Slab is a range of the fixed part of the arena, in bytes.
type Slab struct{ Offset, Bytes int64 }

// placeTotals places the float64 totals, apart from the sums themselves, those
// of a pass side by side, and the memory in which the totals of shards wait for
// each other.
func (s *state) placeTotals() {
	var most int64
	for pass := range s.plan.Passes {
		slab := Slab{Offset: s.plan.FixedBytes}
		for _, n := range s.g.Nodes {
			b := s.plan.Buffers[n]
			if b != nil && crossing(n) && !n.Shape.Touched() && s.passOf[n.ID] == pass && (s.o.Shards || s.leaves(n) > 1) {
				b.Acc = s.fixed(8 * int64(n.Shape.Size()))
			}
		}
		slab.Bytes = s.plan.FixedBytes - slab.Offset
		s.plan.Slabs = append(s.plan.Slabs, slab)
		most = max(most, slab.Bytes)
	}
	s.plan.Spare = s.fixed(most * int64(s.plan.Slots))
	s.placeRowTotals()
}

// leaves returns how many leaves a float32 chain of a sum over examples may have;
// a sum that is float64 throughout has as many as examples.
func (s *state) leaves(n *graph.Node) int {
	switch n.Op.Name {
	case "dotexamples", "convweights":
		return (s.o.Batch + n.LeafExamples() - 1) / n.LeafExamples()
	case "scatterexamples":
		return (s.o.Batch*n.In[0].Shape.Size() + graph.LeafTerms - 1) / graph.LeafTerms
	}
	return math.MaxInt
}

// gradientOf finds the first sum over examples of the variable's size that its
// new value is computed from.
func (s *state) gradientOf(a graph.Assign) *graph.Node {
	seen := map[*graph.Node]bool{}
	var find func(n *graph.Node) *graph.Node
	find = func(n *graph.Node) *graph.Node {
		n = s.root[n.ID]
		if seen[n] || n.Shape.Size() != a.Var.Shape.Size() || n.PerExample() {
			return nil
		}
		seen[n] = true
		if s.stageOf[n.ID] == Reduce && n.Op.Class == graph.Examples {
			return n
		}
		for _, x := range n.In {
			if found := find(x); found != nil {
				return found
			}
		}
		return nil
	}
	return find(a.Value)
}
