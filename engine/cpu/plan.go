package cpu

import (
	"fmt"
	"strings"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
)

// Plan implements engine.Program.
func (p *program) Plan() engine.Plan {
	plan := p.eng.describe(p.plan)
	plan.VarBytes = p.vars.layout.Bytes
	for _, steps := range p.all() {
		for i := range *steps {
			k := p.kernel(&(*steps)[i])
			plan.Kernels = append(plan.Kernels, k)
		}
	}
	for _, k := range plan.Kernels {
		if k.Watched {
			continue
		}
		if k.Stage == compile.Rows.String() || k.Stage == compile.Touch.String() || k.Stage == compile.Reduce.String() {
			plan.FLOPs += k.FLOPs
		} else {
			plan.Update += k.FLOPs
		}
	}
	return plan
}

// all returns the lists of calls in the order of an update.
func (p *program) all() []*[]step {
	lists := []*[]step{&p.once[0]}
	for i := range p.passes {
		lists = append(lists, &p.passes[i].rows, &p.passes[i].touch, &p.passes[i].reduce, &p.passes[i].barrier)
	}
	return append(lists, &p.once[1], &p.once[2])
}

// describe returns what a compiled graph tells before it has memory.
func (e *Engine) describe(p *compile.Plan) engine.Plan {
	plan := engine.Plan{Passes: p.Passes, Group: p.Group, Rows: p.Rows(), Bytes: p.Bytes(), Kept: p.KeptBytes, Again: p.Again.FLOPs}
	for _, n := range p.Graph.Nodes {
		if n.Op.Name == "part" && p.Buffers[n] != nil {
			plan.Marked += p.Buffers[n].Bytes
		}
	}
	if p.Again.Base > 0 {
		plan.Price = p.Again.Cost / p.Again.Base
	}
	for _, n := range p.Again.Nodes {
		plan.Recomputed = append(plan.Recomputed, strings.TrimSpace(n.Scope+" "+n.Op.Name))
	}
	return plan
}

func (p *program) kernel(s *step) engine.Kernel {
	u := s.unit
	k := engine.Kernel{Stage: u.Stage.String(), Name: u.Nodes[0].Op.Name, Watched: u.Watched}
	var names []string
	for _, n := range u.Nodes {
		k.FLOPs += n.FLOPs()
		names = append(names, n.Op.Name)
	}
	last := u.Nodes[len(u.Nodes)-1]
	k.Detail, k.Shape = strings.Join(names, " "), last.Shape.String()
	k.Bytes, k.Fixed = p.unitBytes(s)
	if s.vec != nil {
		k.Name, k.Detail = "vector", s.vec.program.Key()
		if s.vec.run.Fused() {
			k.Name = "vector, fused"
		}
		if u.Stage == compile.Commit && !s.vec.touched {
			k.Shape = fmt.Sprintf("f32[%d]", s.vec.size())
			k.FLOPs = int64(len(s.vec.program.Code) * s.vec.size())
		}
	}
	if u.Kind == compile.Pair {
		k.Name = u.Nodes[0].Op.Name + ", both"
	}
	if s.touched != nil && u.Stage > compile.Reduce {
		k.Name += ", touched rows"
		most := int64(len(s.touched.rows))
		k.FLOPs, k.Fixed = k.FLOPs*most, k.Fixed*most
	}
	k.Where = p.where(last)
	return k
}

// unitBytes counts what a unit reads and writes in memory, outside its chain:
// for each example, and once a call.
func (p *program) unitBytes(s *step) (example, fixed int64) {
	if s.vec != nil {
		return s.vec.bytes(s.unit.Stage == compile.Rows)
	}
	for _, n := range s.unit.Nodes {
		e, f := n.Bytes()
		example, fixed = example+e, fixed+f
	}
	return example, fixed
}

// bytes counts the traffic of a chain; a stream that is read and written
// counts twice.
func (v *vector) bytes(perExample bool) (example, fixed int64) {
	for i := range v.streams {
		var n int64
		switch v.streams[i].access {
		case kernel.Full:
			n = int64(v.size())
		case kernel.Row:
			if v.streams[i].each {
				n = int64(v.cols)
			} else {
				fixed += 4 * int64(v.cols)
			}
		case kernel.Col:
			n = int64(v.per)
		}
		for _, used := range []bool{v.streams[i].read, v.streams[i].written} {
			if used {
				example += 4 * n
			}
		}
	}
	if !perExample {
		return 0, example + fixed
	}
	return example, fixed
}

func (p *program) where(n *graph.Node) string {
	b := p.plan.Buffers[n]
	if b == nil {
		return ""
	}
	switch b.Space {
	case compile.InVars:
		return fmt.Sprintf("vars+%d", b.Offset)
	case compile.InRows:
		return fmt.Sprintf("arena+%d", b.Offset)
	case compile.InKept:
		return fmt.Sprintf("arena+%d, kept", p.plan.RowBytes+b.Offset)
	case compile.InFixed:
		return fmt.Sprintf("arena+%d", p.fixed(b.Offset))
	}
	return ""
}
