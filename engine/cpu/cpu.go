package cpu

import (
	"fmt"
	"runtime"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/tensor"
)

// Config sets up an engine. The zero value uses every core and the best
// instructions.
type Config struct {
	Threads int    // 0: GOMAXPROCS
	ISA     string // go, avx2, avx512; "" or auto: DESCENT_ISA, else the best. It holds for the whole process.

	// Eager divides even the least work among all threads. It is slow, and for
	// tests: what threads must not change is seen in small models too.
	Eager bool
}

// Engine is the CPU engine.
type Engine struct {
	config  Config
	threads int
	grain   grain
	pool    *pool
}

var _ engine.Engine = (*Engine)(nil)

// New starts an engine. Close stops its workers.
func New(c Config) (*Engine, error) {
	isa, err := icpu.Active()
	if err != nil {
		return nil, err
	}
	if c.ISA != "" && c.ISA != "auto" {
		if isa, err = icpu.Parse(c.ISA); err != nil {
			return nil, fmt.Errorf("exec.isa: %w", err)
		}
		if isa > icpu.Best() {
			return nil, fmt.Errorf("exec.isa: %s: this machine or build has at best %s", isa, icpu.Best())
		}
	}
	if c.Threads < 0 {
		return nil, fmt.Errorf("exec.threads: %d, want 0 (all) or more", c.Threads)
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if kernel.Active() != isa {
		kernel.Use(isa)
	}
	e := &Engine{config: c, threads: c.Threads, grain: coarse, pool: newPool(c.Threads)}
	if c.Eager {
		e.grain = fine
	}
	return e, nil
}

// ISA returns the tier of instructions in use.
func (e *Engine) ISA() string { return kernel.Active().String() }

// Threads returns the number of workers.
func (e *Engine) Threads() int { return e.threads }

// Another starts an engine with the same settings, for another worker of the
// same process. Programs of both may share variables.
func (e *Engine) Another() (engine.Engine, error) { return New(e.config) }

// Close stops the workers.
func (e *Engine) Close() { e.pool.close() }

// vars stores variables in slabs; see compile.Layout.
type vars struct {
	specs  []engine.VarSpec
	byName map[string]int
	layout *compile.Layout
	memory memory
}

// NewVars implements engine.Engine.
func (e *Engine) NewVars(specs []engine.VarSpec) (engine.Vars, error) {
	v := &vars{specs: specs, byName: map[string]int{}}
	var places []compile.Var
	for i, s := range specs {
		if _, twice := v.byName[s.Name]; twice {
			return nil, fmt.Errorf("engine/cpu: variable %q declared twice", s.Name)
		}
		v.byName[s.Name] = i
		places = append(places, compile.Var{Name: s.Name, Kind: s.Kind, Dims: s.Shape})
	}
	v.layout = compile.NewLayout(places)
	var err error
	v.memory, err = newMemory("the parameters and the optimizer's state", v.layout.Bytes)
	return v, err
}

// Specs implements engine.Vars.
func (v *vars) Specs() []engine.VarSpec { return v.specs }

// Read implements engine.Vars.
func (v *vars) Read(name string, dst *tensor.Tensor) error {
	data, err := v.find(name, dst)
	if err == nil {
		copy(dst.F32(), data)
	}
	return err
}

// Write implements engine.Vars.
func (v *vars) Write(name string, src *tensor.Tensor) error {
	data, err := v.find(name, src)
	if err == nil {
		copy(data, src.F32())
	}
	return err
}

// View implements engine.HostVars.
func (v *vars) View(name string) *tensor.Tensor {
	i, ok := v.byName[name]
	if !ok {
		return nil
	}
	shape := v.specs[i].Shape
	t, err := tensor.Of(v.memory.f32(v.layout.Offset[name], shape.Size())).Reshape(shape...)
	if err != nil {
		panic("engine/cpu: " + err.Error()) // the elements are those of the shape
	}
	return t
}

var _ engine.HostVars = (*vars)(nil)

func (v *vars) find(name string, t *tensor.Tensor) ([]float32, error) {
	i, ok := v.byName[name]
	if !ok {
		return nil, fmt.Errorf("engine/cpu: no variable %q", name)
	}
	shape := v.specs[i].Shape
	if t.DType() != tensor.F32 || !t.Shape().Equal(shape) {
		return nil, fmt.Errorf("engine/cpu: variable %q: got %v, want f32 %v", name, t, shape)
	}
	return v.memory.f32(v.layout.Offset[name], shape.Size()), nil
}

// Compile implements engine.Engine.
func (e *Engine) Compile(g *graph.Graph, vs engine.Vars, o engine.Options) (engine.Program, error) {
	v, ok := vs.(*vars)
	if !ok {
		return nil, fmt.Errorf("engine/cpu: variables of another engine (%T)", vs)
	}
	for _, n := range g.Vars {
		i, known := v.byName[n.Attr.Name]
		if !known || !v.specs[i].Shape.Equal(n.Shape.Dims) {
			return nil, fmt.Errorf("engine/cpu: variable %q %v is not among the variables given", n.Attr.Name, n.Shape)
		}
	}
	plan, o, err := compileGraph(g, v.layout, o)
	if err != nil {
		return nil, err
	}
	return newProgram(e, v, plan, o)
}

// compileGraph plans a graph, and returns the options with what was left open
// filled in.
func compileGraph(g *graph.Graph, layout *compile.Layout, o engine.Options) (*compile.Plan, engine.Options, error) {
	o.Batch = max(o.Batch, o.Rows)
	if o.Shards = max(o.Shards, 1); o.Own == 0 {
		o.Own = o.Shards - o.First
	}
	co := compile.Options{Rows: o.Rows, Batch: o.Batch, Memory: o.Memory, Keep: keeps[o.Recompute]}
	if o.Shards > 1 {
		co.Shards, co.Slots = true, collective.Slots(o.First, o.Own)
		co.Whole = (o.Batch/max(o.Own, 1) + 1) * o.Shards // a shard of others has one example more at most
	}
	plan, err := compile.Compile(g, layout, co)
	if err != nil {
		return nil, o, err
	}
	o.Rows = plan.Rows()
	o.Batch = max(o.Batch, o.Rows)
	return plan, o, nil
}

var keeps = map[engine.Recompute]compile.Keep{
	engine.RecomputeAuto: compile.KeepAuto, engine.RecomputeNever: compile.KeepAll, engine.RecomputeAlways: compile.KeepNone,
}

// Estimate implements engine.Engine.
func (e *Engine) Estimate(g *graph.Graph, o engine.Options) (engine.Plan, error) {
	var places []compile.Var
	for _, v := range g.Vars {
		places = append(places, compile.Var{Name: v.Attr.Name, Kind: v.Attr.Kind, Dims: v.Shape.Dims})
	}
	layout := compile.NewLayout(places)
	p, _, err := compileGraph(g, layout, o)
	if err != nil {
		return engine.Plan{}, err
	}
	plan := e.describe(p)
	plan.VarBytes = layout.Bytes
	for _, u := range p.Units {
		if u.Stage == compile.Once || u.Watched {
			continue
		}
		var flops int64
		for _, n := range u.Nodes {
			flops += n.FLOPs()
		}
		if u.Stage >= compile.Rows && u.Stage <= compile.Reduce {
			plan.FLOPs += flops
		} else {
			plan.Update += flops
		}
	}
	return plan, nil
}
