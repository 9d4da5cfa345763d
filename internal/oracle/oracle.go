// Package oracle interprets graphs in float64, one plain loop for each
// operation: the readable definition that faster engines are tested against.
// It is an engine.Engine, so whatever trains on one trains on it. It is slow,
// allocates, and runs nothing in parallel.
//
// Variables, inputs and results are float32 at the engine's border and float64
// within; the methods with F64 in their names pass the border unrounded.
package oracle

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Engine is the interpreter.
type Engine struct{ f32 bool }

// New returns an interpreter.
func New() *Engine { return &Engine{} }

// NewF32 returns an interpreter that rounds every f32 value once, when it is
// complete: the ideal float32 engine.
func NewF32() *Engine { return &Engine{f32: true} }

// Close does nothing.
func (*Engine) Close() {}

// Vars holds variables in float64.
type Vars struct {
	specs []engine.VarSpec
	data  map[string][]float64 // a slice is replaced, never changed
}

// NewVars implements engine.Engine.
func (*Engine) NewVars(specs []engine.VarSpec) (engine.Vars, error) {
	v := &Vars{specs: slices.Clone(specs), data: map[string][]float64{}}
	for _, s := range specs {
		if v.data[s.Name] != nil {
			return nil, fmt.Errorf("oracle: variable %q declared twice", s.Name)
		}
		v.data[s.Name] = make([]float64, s.Shape.Size())
	}
	return v, nil
}

// Specs implements engine.Vars.
func (v *Vars) Specs() []engine.VarSpec { return v.specs }

// fits checks that a variable exists, and that t, an f32 tensor, fits it.
func (v *Vars) fits(name string, t *tensor.Tensor) error {
	i := slices.IndexFunc(v.specs, func(s engine.VarSpec) bool { return s.Name == name })
	if i < 0 {
		return fmt.Errorf("oracle: no variable %q", name)
	}
	if want := v.specs[i].Shape; t.DType() != tensor.F32 || !t.Shape().Equal(want) {
		return fmt.Errorf("oracle: variable %q: got %v, want f32 %v", name, t, want)
	}
	return nil
}

// Read implements engine.Vars: it rounds to float32.
func (v *Vars) Read(name string, dst *tensor.Tensor) error {
	if err := v.fits(name, dst); err != nil {
		return err
	}
	for i, x := range v.data[name] {
		dst.F32()[i] = float32(x)
	}
	return nil
}

// Write implements engine.Vars.
func (v *Vars) Write(name string, src *tensor.Tensor) error {
	if err := v.fits(name, src); err != nil {
		return err
	}
	v.data[name] = float64s(src)
	return nil
}

// ReadF64 returns a copy of a variable, or nil for an unknown name.
func (v *Vars) ReadF64(name string) []float64 { return slices.Clone(v.data[name]) }

// WriteF64 sets a variable without rounding.
func (v *Vars) WriteF64(name string, src []float64) error {
	if old := v.data[name]; old == nil || len(old) != len(src) {
		return fmt.Errorf("oracle: variable %q: got %d elements, want %d", name, len(src), len(old))
	}
	v.data[name] = slices.Clone(src)
	return nil
}

// float64s returns the elements of a tensor as float64.
func float64s(t *tensor.Tensor) []float64 {
	switch t.DType() {
	case tensor.F32:
		return widen(t.F32())
	case tensor.F64:
		return slices.Clone(t.F64())
	case tensor.I32:
		return widen(t.I32())
	case tensor.I64:
		return widen(t.I64())
	}
	return widen(t.U8())
}

func widen[T tensor.Element](x []T) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = float64(x[i])
	}
	return y
}

// fill writes the elements of x to the first ones of t.
func fill(t *tensor.Tensor, x []float64) {
	switch t.DType() {
	case tensor.F32:
		narrow(t.F32(), x)
	case tensor.F64:
		copy(t.F64(), x)
	case tensor.I32:
		narrow(t.I32(), x)
	case tensor.I64:
		narrow(t.I64(), x)
	case tensor.U8:
		narrow(t.U8(), x)
	}
}

func narrow[T tensor.Element](y []T, x []float64) {
	for i := range x {
		y[i] = T(x[i])
	}
}

// Compile implements engine.Engine. vars must come from this engine.
func (e *Engine) Compile(g *graph.Graph, vars engine.Vars, o engine.Options) (engine.Program, error) {
	v, ok := vars.(*Vars)
	if !ok {
		return nil, fmt.Errorf("oracle: variables of type %T, want those of this engine", vars)
	}
	for _, n := range g.Vars {
		if err := v.fits(n.Attr.Name, tensor.New(tensor.F32, n.Shape.Dims...)); err != nil {
			return nil, err
		}
	}
	if o.Rows < 1 {
		return nil, fmt.Errorf("oracle: micro-batches of %d rows, want at least 1", o.Rows)
	}
	return newProgram(g, v, o, e.f32), nil
}

// Estimate implements engine.Engine.
func (e *Engine) Estimate(g *graph.Graph, o engine.Options) (engine.Plan, error) {
	return newProgram(g, nil, o, e.f32).Plan(), nil
}
