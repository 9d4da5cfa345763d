package cpu

import (
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
)

// vector is a fused chain of element-wise nodes, bound to memory.
type vector struct {
	program kernel.Program
	run     *kernel.Elementwise
	streams []stream
	scalars []ref
	outputs []*graph.Node
	per     int // rows of an example
	cols    int
	touched bool // over touched rows, of which per and cols describe one
	listed  bool // of one row each, without a value for each row
	each    bool // examples have rows of their own, so that they run one by one
}

// stream is one operand or result of a vector.
type stream struct {
	ref
	access kernel.Access

	gathered      bool // rows of a variable: those that are touched
	each          bool // of a row: one for each example
	read, written bool // by the program, before and in it
}

var vectorOps = func() map[string]kernel.Op {
	m := map[string]kernel.Op{}
	for op := kernel.Op(0); !strings.HasPrefix(op.String(), "op("); op++ {
		m[op.String()] = op
	}
	return m
}()

// newVector translates a chain into a kernel program. Streams and scalars are
// numbered in order of first use; a result that replaces an operand in memory
// shares its stream.
func (p *program) newVector(u *compile.Unit) step {
	v := &vector{per: u.Vec.Rows, cols: u.Vec.Cols, outputs: u.Vec.Outputs, touched: u.Nodes[0].Rows != nil}
	where, read := map[*graph.Node]kernel.Ref{}, map[compile.Operand]kernel.Ref{}
	for _, n := range u.Nodes {
		in := kernel.Instr{Op: vectorOps[n.Op.Name]}
		for i, dst := range []*kernel.Ref{&in.A, &in.B, &in.C}[:len(n.In)] {
			o := p.plan.Operand(n, i)
			if r, ok := where[o.Node]; ok {
				*dst = r
			} else if r, ok := read[o]; ok {
				*dst = r
			} else {
				*dst = v.operand(p, o)
				read[o] = *dst
			}
		}
		if slices.Contains(u.Vec.Outputs, n) {
			in.Dst = v.stream(p.full(n))
		} else {
			in.Dst = kernel.TempRef(v.program.Temps)
			v.program.Temps++
		}
		where[n] = in.Dst
		v.program.Code = append(v.program.Code, in)
	}
	v.program.Streams, v.program.Scalars = len(v.streams), len(v.scalars)
	v.run = kernel.Compile(&v.program)
	v.findUses()
	if v.touched {
		v.listed = v.per == 1 && !slices.ContainsFunc(v.streams, func(s stream) bool { return s.access == kernel.Col })
		return step{run: runTouchedVector, vec: v}
	}
	return step{run: runVector, vec: v}
}

// full returns how a vector reads or writes every element of a value. Touched
// rows that are assigned to a variable lie in it.
func (p *program) full(n *graph.Node) stream {
	return stream{ref: p.ref(n), access: kernel.Full, gathered: n.Shape.Touched() && p.plan.Buffers[n].Space == compile.InVars}
}

// findUses marks the streams that the program reads before it writes them, and
// those that it writes.
func (v *vector) findUses() {
	for i := range v.program.Code {
		in := &v.program.Code[i]
		for _, r := range []kernel.Ref{in.A, in.B, in.C}[:in.Op.Arity()] {
			if r.Kind == kernel.KindStream {
				s := &v.streams[r.Index]
				s.read = s.read || !s.written
			}
		}
		if in.Dst.Kind == kernel.KindStream {
			v.streams[in.Dst.Index].written = true
		}
	}
}

func (v *vector) operand(p *program, o compile.Operand) kernel.Ref {
	r := p.ref(o.Node)
	switch o.Access {
	case compile.Splat:
		i := slices.IndexFunc(v.scalars, func(s ref) bool { return sameScalar(s, r, p.plan.Buffers[o.Node].Space) })
		if i < 0 {
			i = len(v.scalars)
			v.scalars = append(v.scalars, r)
		}
		return kernel.ScalarRef(i)
	case compile.Row:
		return v.stream(stream{ref: r, access: kernel.Row})
	case compile.Each:
		v.each = true
		return v.stream(stream{ref: r, access: kernel.Row, each: true})
	case compile.Col:
		return v.stream(stream{ref: r, access: kernel.Col})
	case compile.Gathered:
		return v.stream(stream{ref: r, access: kernel.Full, gathered: true})
	}
	return v.stream(p.full(o.Node))
}

// sameScalar reports whether two scalars have one place, or are equal constants.
func sameScalar(s, r ref, space compile.Space) bool {
	return &s.f32[0] == &r.f32[0] || space == compile.InConst && len(s.f64) == 1 && s.f32[0] == r.f32[0]
}

func (v *vector) stream(s stream) kernel.Ref {
	for i, t := range v.streams {
		if t.access == s.access && t.gathered == s.gathered && t.each == s.each && (s.in > 0 && t.in == s.in || s.in == 0 && t.in == 0 && &t.f32[0] == &s.f32[0]) {
			return kernel.StreamRef(i)
		}
	}
	v.streams = append(v.streams, s)
	return kernel.StreamRef(len(v.streams) - 1)
}

func runVector(p *program, w *worker, s *step, r0, r1 int) {
	v := s.vec
	n := r1 - r0
	if v.each {
		n = 1
	}
	for r := r0; r < r1; r += n {
		p.runVec(w, v, n*v.per, v.cols, r*v.per*v.cols, r*v.per)
	}
}

// runVec runs rows × cols elements from element at on, row row.
func (p *program) runVec(w *worker, v *vector, rows, cols, at, row int) {
	streams := w.streams[:len(v.streams)]
	for i := range v.streams {
		t := &v.streams[i]
		data := p.f32(&t.ref)
		switch t.access {
		case kernel.Full:
			data = data[at:]
		case kernel.Row:
			if t.each {
				data = data[row/v.per*cols:]
			}
		case kernel.Col:
			data = data[row:]
		}
		streams[i] = kernel.Stream{Data: data, Access: t.access, Stride: cols}
	}
	v.run.Run(rows, cols, streams, v.values(w), &w.scratch)
}

// values reads the scalars.
func (v *vector) values(w *worker) []float32 {
	scalars := w.scalars[:len(v.scalars)]
	for i := range v.scalars {
		scalars[i] = v.scalars[i].f32[0]
	}
	return scalars
}

// flat reports whether the chain is one line of elements that can be cut
// anywhere.
func (v *vector) flat() bool {
	return !v.touched && !slices.ContainsFunc(v.streams, func(s stream) bool { return s.access != kernel.Full || s.in > 0 })
}

// mergeVectors joins vectors of the commit stage that run the same program
// with the same scalars over adjacent memory: the update of all matrices is
// then one call. The layout of variables and gradients makes them adjacent.
func (p *program) mergeVectors(steps []step) []step {
	uses := p.usesOf(steps)
	for i := range steps {
		if steps[i].vec == nil || !steps[i].vec.flat() {
			continue
		}
		for again := true; again; {
			again = false
			for j := range steps {
				if i != j && steps[j].vec != nil && adjacent(steps[i].vec, steps[j].vec) && independent(steps, uses, i, j) {
					steps[i].vec.append(steps[j].vec)
					steps[i].unit = joined(steps[i].unit, steps[j].unit)
					steps[i].cost += steps[j].cost
					uses[i].add(uses[j])
					steps[j].vec, steps[j].run = nil, nil
					again = true
				}
			}
		}
	}
	return slices.DeleteFunc(steps, func(s step) bool { return s.run == nil })
}

// joined returns a unit with the nodes of both.
func joined(a, b *compile.Unit) *compile.Unit {
	u := *a
	u.Nodes = append(slices.Clone(a.Nodes), b.Nodes...)
	return &u
}

// adjacent reports whether b continues a.
func adjacent(a, b *vector) bool {
	if !b.flat() || a.program.Key() != b.program.Key() || !slices.EqualFunc(a.scalars, b.scalars, func(x, y ref) bool {
		return &x.f32[0] == &y.f32[0] || len(x.f64) == 1 && len(y.f64) == 1 && x.f32[0] == y.f32[0]
	}) {
		return false
	}
	for i := range a.streams {
		end := uintptr(unsafe.Pointer(&a.streams[i].f32[0])) + uintptr(4*a.size())
		if (end+63)&^63 != uintptr(unsafe.Pointer(&b.streams[i].f32[0])) {
			return false
		}
	}
	return true
}

func (v *vector) size() int { return v.per * v.cols }

// append extends v over b and the padding between them.
func (v *vector) append(b *vector) {
	first, last := &v.streams[0].f32[0], &b.streams[0].f32[0]
	gap := int(uintptr(unsafe.Pointer(last))-uintptr(unsafe.Pointer(first))) / 4
	size := gap + b.size()
	for i := range v.streams {
		v.streams[i].f32 = unsafe.Slice(&v.streams[i].f32[0], size)
	}
	v.per, v.cols = 1, size
	v.outputs = append(slices.Clone(v.outputs), b.outputs...)
}

// use is what a step reads from memory, and what it writes there: its values, and the
// variables that they replace.
type use struct{ reads, writes map[*graph.Node]bool }

func (u use) add(v use) {
	maps.Copy(u.reads, v.reads)
	maps.Copy(u.writes, v.writes)
}

func (p *program) usesOf(steps []step) []use {
	replaced := map[*graph.Node]*graph.Node{} // by value
	for _, a := range p.plan.Graph.Assigns {
		replaced[p.plan.Root(a.Value)] = a.Var
	}
	uses := make([]use, len(steps))
	for i := range steps {
		u := use{map[*graph.Node]bool{}, map[*graph.Node]bool{}}
		uses[i] = u
		unit := steps[i].unit
		if unit.Kind == compile.Copy {
			u.writes[unit.Nodes[0]], u.reads[unit.Nodes[1]] = true, true
			continue
		}
		for _, n := range unit.Nodes {
			u.writes[n] = true
			if v := replaced[n]; v != nil {
				u.writes[v] = true
			}
			for j := range n.In {
				u.reads[p.plan.Operand(n, j).Node] = true
			}
		}
	}
	return uses
}

// independent reports whether steps i and j can run as one, at the place of i:
// neither of them, and no step between, reads what another of these writes.
func independent(steps []step, uses []use, i, j int) bool {
	for k := min(i, j); k <= max(i, j); k++ {
		for _, moved := range [2]int{i, j} {
			if k != moved && steps[k].run != nil && (uses[k].feeds(uses[moved]) || uses[moved].feeds(uses[k])) {
				return false
			}
		}
	}
	return true
}

// feeds reports whether v reads what u writes.
func (u use) feeds(v use) bool {
	for n := range u.writes {
		if v.reads[n] {
			return true
		}
	}
	return false
}
