package train

import (
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/tensor"
)

// rounding is the oracle with variables that are float32 between updates, as
// checkpoints hold them: so a resumed run can have the same bits.
type rounding struct{ *oracle.Engine }

func newRounding() engine.Engine { return rounding{oracle.New()} }

func (r rounding) Compile(g *graph.Graph, vars engine.Vars, o engine.Options) (engine.Program, error) {
	p, err := r.Engine.Compile(g, vars, o)
	return &roundingProgram{p, vars}, err
}

type roundingProgram struct {
	engine.Program
	vars engine.Vars
}

func (p *roundingProgram) Commit() {
	p.Program.Commit()
	for _, s := range p.vars.Specs() {
		t := tensor.New(tensor.F32, s.Shape...)
		if p.vars.Read(s.Name, t) != nil || p.vars.Write(s.Name, t) != nil {
			panic("the oracle lost a variable")
		}
	}
}
