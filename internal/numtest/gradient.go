package numtest

import (
	"fmt"
	"maps"
	"math"
	"testing"

	"github.com/descent-ml/descent/graph"
)

// CheckGradient compares Builder.Gradient with central differences in the
// oracle: for a random upstream u and a random direction v over all leaves of
// m, <J·v, u> must equal <v, Jᵀ·u>. build returns the value to differentiate.
func CheckGradient(t testing.TB, m *Maker, build func(m *Maker) *graph.Node) {
	t.Helper()
	if err := gradientError(m, build); err != nil {
		t.Error(err)
	}
}

func gradientError(m *Maker, build func(m *Maker) *graph.Node) error {
	wy, grads := upstream(m, build(m))
	m.Output("wy", wy)
	for i, g := range grads {
		m.Output(m.Leaves[i].Attr.Name, g)
		if m.Leaves[i].Attr.Sparse {
			m.Output("rows "+m.Leaves[i].Attr.Name, g.Rows)
		}
	}
	g, err := m.Build()
	if err != nil {
		return err
	}
	p, err := m.Oracle(g)
	if err != nil {
		return err
	}
	// v is relative to the size of each element, as the step is.
	v := map[string][]float64{}
	vjp, scale := 0.0, 0.0
	for _, n := range m.Leaves {
		name := n.Attr.Name
		v[name] = m.draw(Normal, len(m.values[name].([]float64)))
		d := p.OutputF64(name)
		if n.Attr.Sparse {
			d = dense(d, p.OutputF64("rows "+name), n)
		}
		if len(d) != len(v[name]) {
			return fmt.Errorf("gradient of %s has %d elements, want %d", name, len(d), len(v[name]))
		}
		for i, x := range m.values[name].([]float64) {
			v[name][i] *= max(1, math.Abs(x))
			vjp += v[name][i] * d[i]
			scale += math.Abs(v[name][i] * d[i])
		}
	}
	for _, x := range p.OutputF64("wy") {
		scale += math.Abs(x)
	}
	const h = 6e-6
	plus, err := m.moved(v, h).weighted(g)
	if err != nil {
		return err
	}
	minus, err := m.moved(v, -h).weighted(g)
	if err != nil {
		return err
	}
	// The difference errs by h²/6 times a third derivative, and by the
	// rounding of the values over h: both near 1e-10 of their scale.
	if jvp := (plus - minus) / (2 * h); !(math.Abs(jvp-vjp) <= 2e-9*(scale+1)) {
		return fmt.Errorf("<J·v, u> = %.12g, <v, Jᵀ·u> = %.12g; they differ by %.2g of %.2g", jvp, vjp, math.Abs(jvp-vjp), scale)
	}
	return nil
}

// dense puts the touched rows of a gradient among rows of 0.
func dense(d, rows []float64, param *graph.Node) []float64 {
	all := make([]float64, param.Shape.Size())
	cols := param.Shape.Last()
	for i, r := range rows {
		copy(all[int(r)*cols:], d[i*cols:(i+1)*cols])
	}
	return all
}

// upstream multiplies y by a random upstream gradient and differentiates.
func upstream(m *Maker, y *graph.Node) (wy *graph.Node, grads []*graph.Node) {
	if m.Err() != nil {
		return y, nil
	}
	var u *graph.Node
	if y.PerExample() {
		u = m.Data("u", Normal, y.Shape.Inner()...)
	} else {
		u = m.Fixed("u", Normal, y.Shape.Dims...)
	}
	wy = m.Mul(y, m.Cast(u, y.Shape.DType))
	return wy, m.Gradient(wy, m.Leaves)
}

// moved returns m with its leaves moved by h·v.
func (m *Maker) moved(v map[string][]float64, h float64) *Maker {
	moved := &Maker{Rows: m.Rows, values: maps.Clone(m.values)}
	for name, dir := range v {
		x := make([]float64, len(dir))
		for i := range x {
			x[i] = m.values[name].([]float64)[i] + h*dir[i]
		}
		moved.values[name] = x
	}
	return moved
}

// weighted returns <y, u>.
func (m *Maker) weighted(g *graph.Graph) (float64, error) {
	p, err := m.Oracle(g)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, x := range p.OutputF64("wy") {
		sum += x
	}
	return sum, nil
}
