package oracle

import (
	"slices"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/graph"
)

// Watch implements engine.Program.
func (p *Program) Watch(on bool) { p.watching = on }

// runs reports whether a node is computed in this update.
func (p *Program) runs(n *graph.Node) bool { return p.watching || !p.watched[n.ID] }

// Mark implements engine.Program.
func (p *Program) Mark() {
	if p.watching && p.o.Shards > 1 {
		p.keep(p.tree.Parts())
		return
	}
	for _, n := range p.parts() {
		s := p.values[n.In[0].ID]
		p.pieces[n] = Array{slices.Clone(s.Dims), slices.Clone(s.Data)}
	}
}

// keep makes the marks copies of parts.
func (p *Program) keep(parts []collective.Part) {
	p.marks.Reset()
	for _, part := range parts {
		var own collective.Part
		own.Copy(part)
		p.marks.Push(own)
	}
}

// parts returns the sums over the first piece of the current pass.
func (p *Program) parts() (parts []*graph.Node) {
	for _, n := range p.g.Nodes {
		if n.Op.Name == "part" && passOf(n) == p.pass && p.watching {
			parts = append(parts, n)
		}
	}
	return parts
}

// Marks implements engine.Program.
func (p *Program) Marks() []collective.Part { return p.marks.Parts() }

// AdoptMarks implements engine.Program.
func (p *Program) AdoptMarks(total *collective.Part) { p.keep([]collective.Part{*total}) }

// endMarks makes the first pieces what the sums are in the total of the marks.
func (p *Program) endMarks() {
	total := p.marks.Total()
	if total == nil {
		return
	}
	values := slices.Clone(p.values)
	p.unpack(total, values)
	for _, n := range p.parts() {
		p.pieces[n] = values[n.In[0].ID]
	}
}

// endFirst is the sum over the first piece: 0 where nothing was marked, and in the
// rows that only the rest touches.
func (p *Program) endFirst(n *graph.Node) {
	rows := 0
	if n.Rows != nil {
		rows = p.values[n.Rows.ID].Dims[0]
	}
	a := zeros(n, rows)
	copy(a.Data, p.pieces[n].Data)
	p.values[n.ID] = a
	p.round(n)
}
