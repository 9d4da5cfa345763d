package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// factors is a table that two fields look rows up in, one and three for each
// example, and a loss of them.
func factors(b *Builder) (table, loss *Node) {
	table = b.SparseParam("items", Init{}, 50, 4)
	one, three := b.Gather(table, b.Input("a", tensor.I32)), b.Gather(table, b.Input("b", tensor.I32, 3))
	return table, b.Mul(b.ReduceSum(one, 1), b.ReduceSum(three, 2))
}

func TestSparseGradientIsOneSum(t *testing.T) {
	var b Builder
	table, loss := factors(&b)
	d := b.Gradient(loss, []*Node{table})[0]
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	if d.Op != opSumRows || !d.Shape.Equal(F32(Touched, 4)) || d.Phase != 1 || d.Rows.Phase != 1 {
		t.Fatalf("the gradient is %s %v in phase %d", d.Op.Name, d.Shape, d.Phase)
	}
	var fields []string
	for _, n := range d.Rows.In {
		fields = append(fields, n.Attr.Name)
	}
	if !slices.Equal(fields, []string{"a", "b"}) || d.Rows.Indices() != 4 {
		t.Errorf("%d rows of an example, by %v; want 4 in the order of the model", d.Rows.Indices(), fields)
	}
	if d.MostTouched(3) != 12 || d.MostTouched(1000) != 50 {
		t.Errorf("at most %d and %d rows", d.MostTouched(3), d.MostTouched(1000))
	}
}

// TestTouchedRowsBroadcast: the update of a sparse parameter is element-wise
// over its touched rows, with scalars, vectors and numbers of each row.
func TestTouchedRowsBroadcast(t *testing.T) {
	var b Builder
	table, loss := factors(&b)
	each := b.StateVar("each", Init{}, 50, 1)
	d := b.Gradient(loss, []*Node{table})[0]
	v := b.Add(b.GatherTouched(each, d.Rows), b.Reshape(b.ReduceSum(b.Mul(d, d), 1), 1))
	w := b.FMA(b.Scalar("lr"), b.Div(d, b.Sqrt(v)), b.Mul(b.Param("scale", Init{}, 4), b.GatherTouched(table, d.Rows)))
	b.Assign(each, v)
	b.Assign(table, w)
	b.Check(b.SumSquares(d))
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	if w.Rows != d.Rows || !v.Shape.Equal(F32(Touched, 1)) || w.Shape.String() != "f32[T 4]" {
		t.Errorf("the update is %v, the state %v", w.Shape, v.Shape)
	}
}

func TestSparseErrors(t *testing.T) {
	for _, c := range []struct {
		want  string
		build func(b *Builder, table, d *Node)
	}{
		{`"items" is a sparse parameter, of which only Gather reads rows`, func(b *Builder, table, d *Node) { b.Mul(table, b.Const(2)) }},
		{`"items" is a sparse parameter, of which only Gather reads rows`, func(b *Builder, table, d *Node) {
			b.LinearT(b.Input("x", tensor.F32, 4), table)
		}},
		{"have no linear", func(b *Builder, table, d *Node) { b.Linear(d, b.Param("w", Init{}, 4, 4), nil) }},
		{"do not broadcast with its examples", func(b *Builder, table, d *Node) { b.Mul(d, b.Input("x", tensor.F32, 4)) }},
		{`"big" is f32[60 4], want 50 rows`, func(b *Builder, table, d *Node) { b.GatherTouched(b.StateVar("big", Init{}, 60, 4), d.Rows) }},
		{`want the touched rows of "each"`, func(b *Builder, table, d *Node) { b.Assign(b.StateVar("each", Init{}, 50, 1), d) }},
		{"different ones", func(b *Builder, table, d *Node) {
			other := b.SparseParam("users", Init{}, 50, 4)
			b.Add(d, b.Gradient(b.Gather(other, b.Input("u", tensor.I32)), []*Node{other})[0])
		}},
		{`"unused" is not looked up`, func(b *Builder, table, d *Node) {
			b.Gradient(b.Input("x", tensor.F32), []*Node{b.SparseParam("unused", Init{}, 3, 2)})
		}},
		{"sumrows has no gradient", func(b *Builder, table, d *Node) { b.Gradient(b.SumSquares(d), []*Node{table}) }},
	} {
		var b Builder
		table, loss := factors(&b)
		c.build(&b, table, b.Gradient(loss, []*Node{table})[0])
		if b.Err() == nil || !strings.Contains(b.Err().Error(), c.want) {
			t.Errorf("got %v, want %s", b.Err(), c.want)
		}
	}
}
