package numtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// Maker builds a graph together with random values of its leaves, all of them
// exact in float32. The same name and number of rows make the same values.
type Maker struct {
	graph.Builder
	Rows   int            // examples in the batch
	Leaves []*graph.Node  // the float operands made so far: gradients are taken of them
	s      *rng.Stream    // of every value
	values map[string]any // []float64 of a float leaf, []int32 of an index, by name
}

// NewMaker returns a Maker with its own stream of random numbers.
func NewMaker(name string, rows int) *Maker {
	return &Maker{Rows: rows, s: rng.NewStream(uint64(rows), name), values: map[string]any{}}
}

// Dist draws element i of an operand.
type Dist func(s *rng.Stream, i int) float64

// Normal is near the standard normal distribution: twelve uniform numbers less
// their mean.
func Normal(s *rng.Stream, _ int) float64 {
	x := -6.0
	for range 12 {
		x += s.Float64()
	}
	return x
}

// Positive is uniform in [0.25, 3).
func Positive(s *rng.Stream, _ int) float64 { return 0.25 + 2.75*s.Float64() }

// Apart(k) draws from ±0.02 around multiples of 0.5 plus 0.1·k, up to about 2.
// Values of different k in 1 to 4 differ by 0.06 at least from each other,
// from 0 and from every integer: no kink of a comparison, |x| or ⌊x⌋ is near.
func Apart(k int) Dist {
	return func(s *rng.Stream, _ int) float64 {
		return 0.5*math.Floor(9*s.Float64()-4) + 0.1*float64(k) + 0.04*(s.Float64()-0.5)
	}
}

// Spread draws values that differ by 0.05 at least within any 61 neighbours.
func Spread(s *rng.Stream, i int) float64 { return 0.1*float64(i*23%61-30) + 0.05*s.Float64() }

func (m *Maker) draw(d Dist, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32(d(m.s, i)))
	}
	return v
}

func (m *Maker) next(kind string) string { return fmt.Sprintf("%s%d", kind, len(m.values)) }

// Example makes a per-example operand.
func (m *Maker) Example(d Dist, inner ...int) *graph.Node {
	n := m.Data(m.next("x"), d, inner...)
	m.Leaves = append(m.Leaves, n)
	return n
}

// Data makes a per-example operand of which no gradient is taken.
func (m *Maker) Data(name string, d Dist, inner ...int) *graph.Node {
	m.values[name] = m.draw(d, m.Rows*tensor.Shape(inner).Size())
	return m.Input(name, tensor.F32, inner...)
}

// Update makes a per-update operand: a parameter.
func (m *Maker) Update(d Dist, dims ...int) *graph.Node {
	n := m.Fixed(m.next("w"), d, dims...)
	m.Leaves = append(m.Leaves, n)
	return n
}

// Table makes a sparse parameter.
func (m *Maker) Table(d Dist, rows, dim int) *graph.Node {
	name := m.next("t")
	m.values[name] = m.draw(d, rows*dim)
	n := m.SparseParam(name, graph.Init{}, rows, dim)
	m.Leaves = append(m.Leaves, n)
	return n
}

// Fixed makes a per-update operand of which no gradient is taken.
func (m *Maker) Fixed(name string, d Dist, dims ...int) *graph.Node {
	m.values[name] = m.draw(d, tensor.Shape(dims).Size())
	return m.StateVar(name, graph.Init{}, dims...)
}

// Index makes a per-example i32 operand with elements in [0, n).
func (m *Maker) Index(n int, inner ...int) *graph.Node {
	name := m.next("i")
	v := make([]int32, m.Rows*tensor.Shape(inner).Size())
	for i := range v {
		v[i] = int32(m.s.Float64() * float64(n))
	}
	m.values[name] = v
	return m.Input(name, tensor.I32, inner...)
}

// Number makes a per-update scalar input. No gradient is taken of it.
func (m *Maker) Number(name string, v float64) *graph.Node {
	m.values[name] = []float64{v}
	return m.Scalar(name)
}

// inputs returns the inputs of a graph made here, of type f32 or, for the
// oracle, f64.
func (m *Maker) inputs(g *graph.Graph, float tensor.DType) []*tensor.Tensor {
	var in []*tensor.Tensor
	for _, n := range g.Inputs {
		dims := slices.Clone(n.Shape.Dims)
		dims[0] = m.Rows
		switch v := m.values[n.Attr.Name].(type) {
		case []int32:
			in = append(in, tensor.Of(v, dims...))
		case []float64:
			in = append(in, toTensor(v, float, dims))
		}
	}
	return in
}

func toTensor(v []float64, d tensor.DType, dims []int) *tensor.Tensor {
	if d == tensor.F64 {
		return tensor.Of(v, dims...)
	}
	t := tensor.New(tensor.F32, dims...)
	for i := range v {
		t.F32()[i] = float32(v[i])
	}
	return t
}

// scalars returns the per-update inputs of a graph made here.
func (m *Maker) scalars(g *graph.Graph) []float64 {
	var s []float64
	for _, n := range g.Scalars {
		s = append(s, m.values[n.Attr.Name].([]float64)[0])
	}
	return s
}

// specs returns the variables of a graph, as engines want them.
func specs(g *graph.Graph) []engine.VarSpec {
	var s []engine.VarSpec
	for _, v := range g.Vars {
		s = append(s, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	return s
}

// Oracle runs the batch in float64, without rounding any leaf, up to Finish.
func (m *Maker) Oracle(g *graph.Graph) (*oracle.Program, error) {
	e := oracle.New()
	vars, err := e.NewVars(specs(g))
	if err != nil {
		return nil, err
	}
	for _, v := range g.Vars {
		if err := vars.(*oracle.Vars).WriteF64(v.Attr.Name, m.values[v.Attr.Name].([]float64)); err != nil {
			return nil, err
		}
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: m.Rows, Seed: seed})
	if err != nil {
		return nil, err
	}
	whole := splits(m.Rows)[0]
	whole.batch([]engine.Program{p}, m.inputs(g, tensor.F64), m.Rows, first, m.scalars(g), func(engine.Program, int) {})
	p.Finish()
	return p.(*oracle.Program), nil
}

// The seed of random operations, and the stream position of the first batch.
const seed, first = 7, 1<<32 - 3
