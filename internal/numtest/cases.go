package numtest

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// Case is a small graph about one operation.
type Case struct {
	Op    string // which the graph contains
	Name  string // tells the cases of an operation apart
	Rows  int
	Build func(m *Maker) *graph.Node // the value to compare and differentiate
	// Wide marks float64 values with axes, which engines need not have.
	Wide bool
}

// Cases returns several cases of every operation: per-example and per-update
// operands, inner axes, broadcasting. Operands lie off kinks.
func Cases() []Case {
	return slices.Concat(elementwiseCases(), moveCases(), rowCases(), contractCases(), updateCases(), batchCases(), sequenceCases(), positionCases(), recurrentCases(), attentionCases(), touchedCases(), dotsCases(), convCases(), poolCases())
}

// Pointwise describes an element-wise operation for tests that loop over them.
type Pointwise struct {
	Op    string
	Dists []Dist // of each operand
	Build func(b *graph.Builder, x ...*graph.Node) *graph.Node
}

// Pointwises lists the element-wise operations that a Builder has methods for.
func Pointwises() []Pointwise {
	one := func(name string, d Dist, f func(b *graph.Builder, x *graph.Node) *graph.Node) Pointwise {
		return Pointwise{name, []Dist{d}, func(b *graph.Builder, x ...*graph.Node) *graph.Node { return f(b, x[0]) }}
	}
	two := func(name string, dx, dy Dist, f func(b *graph.Builder, x, y *graph.Node) *graph.Node) Pointwise {
		return Pointwise{name, []Dist{dx, dy}, func(b *graph.Builder, x ...*graph.Node) *graph.Node { return f(b, x[0], x[1]) }}
	}
	three := func(name string, f func(b *graph.Builder, x, y, z *graph.Node) *graph.Node) Pointwise {
		return Pointwise{name, []Dist{Apart(1), Apart(2), Apart(3)}, func(b *graph.Builder, x ...*graph.Node) *graph.Node { return f(b, x[0], x[1], x[2]) }}
	}
	return []Pointwise{
		two("add", Normal, Normal, (*graph.Builder).Add),
		two("sub", Normal, Normal, (*graph.Builder).Sub),
		two("mul", Normal, Normal, (*graph.Builder).Mul),
		two("div", Normal, Positive, (*graph.Builder).Div),
		two("max", Apart(1), Apart(2), (*graph.Builder).Max),
		two("min", Apart(1), Apart(2), (*graph.Builder).Min),
		two("gt", Apart(1), Apart(2), (*graph.Builder).Gt),
		two("ge", Apart(1), Apart(2), (*graph.Builder).Ge),
		two("eq", Apart(1), Apart(2), (*graph.Builder).Eq),
		three("fma", (*graph.Builder).FMA),
		three("select", (*graph.Builder).Select),
		one("neg", Normal, (*graph.Builder).Neg),
		one("abs", Apart(1), (*graph.Builder).Abs),
		one("sign", Apart(1), (*graph.Builder).Sign),
		one("floor", Apart(1), (*graph.Builder).Floor),
		one("sqrt", Positive, (*graph.Builder).Sqrt),
		one("exp", Normal, (*graph.Builder).Exp),
		one("log", Positive, (*graph.Builder).Log),
		one("log1p", Positive, (*graph.Builder).Log1p),
		one("tanh", Normal, (*graph.Builder).Tanh),
		one("sigmoid", Normal, (*graph.Builder).Sigmoid),
		one("erf", Normal, (*graph.Builder).Erf),
		one("softplus", Normal, (*graph.Builder).Softplus),
		one("relu", Apart(1), (*graph.Builder).Relu),
		one("gelu", Normal, (*graph.Builder).Gelu),
		one("gelutanh", Normal, (*graph.Builder).GeluTanh),
		one("silu", Normal, (*graph.Builder).Silu),
		one("hardswish", Apart(1), (*graph.Builder).HardSwish),
	}
}

const batch = graph.Batch

// broadcasts lists axes of operands that broadcast together; those that begin
// with batch are per-example. An operation takes as many as it has operands.
var broadcasts = [][][]int{
	{{batch, 3}, {batch, 3}, {batch, 3}},
	{{batch}, {batch}, {batch}},
	{{2, 3}, {2, 3}, {2, 3}},
	{{}, {}, {}},
	{{batch, 3}, {3}, {}},
	{{4}, {batch, 4}, {batch}},
	{{batch, 2, 3}, {3}, {2, 1}},
	{{2, 1}, {batch, 2, 3}, {batch, 1, 3}},
	{{batch, 2, 1}, {batch, 2, 3}, {1, 3}},
	{{batch, 4, 1, 3}, {2, 1}, {batch, 3}},
	{{3}, {2, 3}, {2, 1}},
	{{batch, 1, 3}, {5, 1, 1}, {2, 3}},
	{{batch, 19}, {19}, {batch, 1}},
}

// operand makes a leaf of the given axes.
func (m *Maker) operand(d Dist, dims []int) *graph.Node {
	if len(dims) > 0 && dims[0] == batch {
		return m.Example(d, dims[1:]...)
	}
	return m.Update(d, dims...)
}

func elementwiseCases() []Case {
	var cases []Case
	for _, p := range Pointwises() {
		for _, b := range broadcasts {
			cases = append(cases, Case{Op: p.Op, Name: fmt.Sprint(b[:len(p.Dists)]), Rows: 3, Build: func(m *Maker) *graph.Node {
				var x []*graph.Node
				for i, d := range p.Dists {
					x = append(x, m.operand(d, b[i]))
				}
				return p.Build(&m.Builder, x...)
			}})
		}
	}
	// relugrad has no method: it is the gradient of relu, linear in dy.
	for _, dims := range [][]int{{batch, 3}, {2, 3}} {
		cases = append(cases, Case{Op: "relugrad", Name: fmt.Sprint(dims), Rows: 3, Build: func(m *Maker) *graph.Node {
			x := m.operand(Apart(1), dims)
			return m.Gradient(m.Mul(m.Relu(x), m.operand(Normal, dims)), []*graph.Node{x})[0]
		}})
	}
	return cases
}

// oneOperand makes a case for each of the axes.
func oneOperand(op string, d Dist, f func(m *Maker, x *graph.Node) *graph.Node, axes ...[]int) []Case {
	var cases []Case
	for _, dims := range axes {
		cases = append(cases, Case{Op: op, Name: fmt.Sprint(dims), Rows: 4, Build: func(m *Maker) *graph.Node { return f(m, m.operand(d, dims)) }})
	}
	return cases
}

func moveCases() []Case {
	var cases []Case
	for _, to := range [][2][]int{
		{{3}, {batch, 3}}, {{3}, {batch, 5, 3}}, {{1, 3}, {batch, 5, 3}}, {{5, 1}, {batch, 5, 3}}, {{}, {batch, 3}}, {{}, {2, 3}},
		{{batch, 1}, {batch, 3}}, {{batch, 1, 3}, {batch, 5, 3}}, {{batch, 5, 1}, {batch, 2, 5, 3}}, {{batch}, {batch, 2}},
		{{2, 1, 3}, {batch, 2, 4, 3}}, {{1, 1}, {batch, 2, 3}}, {{2, 1, 3}, {2, 4, 3}}, {{5, 3}, {batch, 5, 3}},
	} {
		cases = append(cases, Case{Op: "broadcast", Name: fmt.Sprint(to), Rows: 3, Build: func(m *Maker) *graph.Node {
			return m.BroadcastTo(m.operand(Normal, to[0]), graph.F32(to[1]...))
		}})
	}
	for _, perm := range [][]int{{1, 0, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}} {
		cases = append(cases, oneOperand("transpose", Normal, func(m *Maker, x *graph.Node) *graph.Node {
			return m.Transpose(x, perm...)
		}, []int{batch, 2, 3, 4}, []int{2, 3, 4})...)
	}
	cases = append(cases, oneOperand("transpose", Normal, func(m *Maker, x *graph.Node) *graph.Node { return m.Transpose(x, 1, 0) },
		[]int{batch, 17, 9}, []int{33, 2})...)
	cases = append(cases, oneOperand("reshape", Normal, func(m *Maker, x *graph.Node) *graph.Node { return m.Reshape(x, 3, 4) },
		[]int{batch, 2, 6}, []int{batch, 12}, []int{2, 6}, []int{batch, 1, 12, 1})...)
	cases = append(cases, oneOperand("reshape", Normal, func(m *Maker, x *graph.Node) *graph.Node { return m.Reshape(x) },
		[]int{batch, 1}, []int{1, 1})...)
	cases = append(cases, oneOperand("slice", Normal, func(m *Maker, x *graph.Node) *graph.Node { return m.Slice(x, 2, 3) },
		[]int{batch, 7}, []int{batch, 2, 5}, []int{6}, []int{2, 5})...)
	cases = append(cases, oneOperand("pad", Normal, func(m *Maker, x *graph.Node) *graph.Node { return m.Pad(x, 2, 9) },
		[]int{batch, 7}, []int{batch, 2, 5}, []int{6}, []int{2, 1})...)
	for _, side := range [][][]int{
		{{batch, 2}, {batch, 3}}, {{batch, 2, 1}, {batch, 2, 4}, {batch, 2, 2}}, {{2, 3}, {2, 1}}, {{3}, {1}, {2}},
	} {
		cases = append(cases, Case{Op: "concat", Name: fmt.Sprint(side), Rows: 3, Build: func(m *Maker) *graph.Node {
			var xs []*graph.Node
			for _, dims := range side {
				xs = append(xs, m.operand(Normal, dims))
			}
			return m.Concat(append(xs, xs[0])...)
		}})
	}
	there := func(m *Maker, x *graph.Node) *graph.Node { return m.Cast(m.Cast(x, tensor.F64), tensor.F32) }
	cases = append(cases, oneOperand("cast", Normal, there, nil)...)
	wide := oneOperand("cast", Normal, there, []int{2, 3})[0]
	wide.Wide = true
	cases = append(cases, wide, Case{Op: "cast", Name: "i32", Rows: 3, Build: func(m *Maker) *graph.Node {
		return m.Mul(m.Cast(m.Index(9, 2), tensor.F32), m.Example(Normal, 2))
	}})
	return cases
}

func rowCases() []Case {
	axes := [][]int{{batch, 5}, {batch, 2, 3}, {4}, {2, 3}, {batch, 1}, {batch, 33}, {batch, 3, 16}, {batch, 300}}
	var cases []Case
	for _, r := range []struct {
		op string
		f  func(m *Maker, x *graph.Node) *graph.Node
	}{
		{"softmax", func(m *Maker, x *graph.Node) *graph.Node { return m.Softmax(x) }},
		{"logsoftmax", func(m *Maker, x *graph.Node) *graph.Node { return m.LogSoftmax(x) }},
		{"normalize", func(m *Maker, x *graph.Node) *graph.Node { return m.Normalize(x, 0.1) }},
		{"rmsnormalize", func(m *Maker, x *graph.Node) *graph.Node { return m.RMSNormalize(x, 0.1) }},
		{"reducesum", func(m *Maker, x *graph.Node) *graph.Node { return m.ReduceSum(x, 1) }},
	} {
		cases = append(cases, oneOperand(r.op, Normal, r.f, axes...)...)
	}
	cases = append(cases, oneOperand("reducemax", Spread, func(m *Maker, x *graph.Node) *graph.Node { return m.ReduceMax(x, 1) }, axes[:7]...)...)
	whole := [][]int{{batch, 2, 3}, {2, 3}, {batch, 4, 2, 3}, {batch, 3, 17}}
	cases = append(cases, oneOperand("reducesum", Normal, func(m *Maker, x *graph.Node) *graph.Node { return m.ReduceSum(x, 2) }, whole...)...)
	cases = append(cases, oneOperand("reducemax", Spread, func(m *Maker, x *graph.Node) *graph.Node { return m.ReduceMax(x, 2) }, whole...)...)
	for _, dims := range [][]int{{5}, {2, 4}, {1}, {37}} {
		for _, smoothing := range []float64{0, 0.1} {
			cases = append(cases, Case{Op: "crossentropy", Name: fmt.Sprint(dims, smoothing), Rows: 4, Build: func(m *Maker) *graph.Node {
				last := len(dims) - 1
				return m.CrossEntropy(m.Example(Normal, dims...), m.Index(dims[last], dims[:last]...), smoothing)
			}})
		}
	}
	for _, inner := range [][]int{{}, {3}, {2, 2}} {
		cases = append(cases, Case{Op: "gather", Name: fmt.Sprint(inner), Rows: 5, Build: func(m *Maker) *graph.Node {
			return m.Gather(m.Update(Normal, 4, 3), m.Index(4, inner...))
		}})
	}
	for _, n := range []int{1, 2, 5} {
		cases = append(cases, Case{Op: "grams", Name: fmt.Sprint(n), Rows: 5, Build: func(m *Maker) *graph.Node {
			return m.MeanOver(m.Gather(m.Update(Normal, 11, 3), m.Grams(m.Index(4, 7), n, 11)), m.Index(8))
		}})
	}
	for _, inner := range [][]int{{}, {6}, {2, 5}} {
		cases = append(cases, Case{Op: "dropoutmask", Name: fmt.Sprint(inner), Rows: 5, Build: func(m *Maker) *graph.Node {
			return m.Mul(m.Example(Normal, inner...), m.DropoutMask("d", 0.4, inner...))
		}})
	}
	return cases
}

// contractions are the axes (before the last), inner and outer lengths, and rows
// of products: small, at the edges of tiles, and longer than a leaf of examples.
var contractions = []struct {
	lead    []int
	in, out int
	rows    int
}{
	{nil, 3, 2, 4}, {[]int{2}, 4, 3, 3}, {[]int{2, 3}, 2, 5, 2}, {nil, 1, 1, 1}, {nil, 17, 33, 7}, {[]int{5}, 16, 1, 9},
	{nil, 3, 2, 600}, {[]int{100}, 2, 3, 12}, {[]int{700}, 1, 2, 2},
}

func contractCases() []Case {
	var cases []Case
	for _, c := range contractions {
		add := func(op string, build func(m *Maker) *graph.Node) {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint(c.lead, c.in, c.out, c.rows), Rows: c.rows, Build: build})
		}
		x := func(m *Maker, last int) *graph.Node { return m.Example(Normal, append(slices.Clone(c.lead), last)...) }
		add("linear", func(m *Maker) *graph.Node { return m.Linear(x(m, c.in), m.Update(Normal, c.in, c.out), nil) })
		add("linearbias", func(m *Maker) *graph.Node {
			return m.Linear(x(m, c.in), m.Update(Normal, c.in, c.out), m.Update(Normal, c.out))
		})
		add("lineart", func(m *Maker) *graph.Node { return m.LinearT(x(m, c.out), m.Update(Normal, c.in, c.out)) })
		add("dotexamples", func(m *Maker) *graph.Node { return m.DotExamples(x(m, c.in), x(m, c.out)) })
		add("sumexamples", func(m *Maker) *graph.Node { return m.SumExamples(x(m, c.out), 1) })
		add("sumexamples", func(m *Maker) *graph.Node { return m.SumExamples(x(m, c.out), 0) })
		add("sumexamples", func(m *Maker) *graph.Node { return m.SumExamples64(x(m, c.out)) })
		add("scatterexamples", func(m *Maker) *graph.Node { return m.ScatterExamples(m.Index(4, c.lead...), x(m, c.out), 4) })
	}
	return cases
}

// updateCases are those of the per-update half: contractions of parameters, and
// arithmetic in float64, such as a gradient's norm.
func updateCases() []Case {
	mat := func(m *Maker, dims ...int) *graph.Node { return m.Update(Normal, dims...) }
	return []Case{
		{Op: "linear", Name: "update", Rows: 1, Build: func(m *Maker) *graph.Node { return m.Linear(mat(m, 5, 3), mat(m, 3, 2), nil) }},
		{Op: "linearbias", Name: "update", Rows: 1, Build: func(m *Maker) *graph.Node { return m.Linear(mat(m, 3), mat(m, 3, 2), mat(m, 2)) }},
		{Op: "lineart", Name: "update", Rows: 1, Build: func(m *Maker) *graph.Node { return m.LinearT(mat(m, 5, 2), mat(m, 3, 2)) }},
		{Op: "dotexamples", Name: "update", Rows: 1, Build: func(m *Maker) *graph.Node { return m.DotExamples(mat(m, 2, 5, 3), mat(m, 2, 5, 2)) }},
		{Op: "sumsquares", Name: "small", Rows: 1, Build: func(m *Maker) *graph.Node { return m.SumSquares(mat(m, 3, 4)) }},
		{Op: "sumsquares", Name: "blocks", Rows: 1, Build: func(m *Maker) *graph.Node { return m.SumSquares(mat(m, 91, 97)) }},
		{Op: "sumsquares", Name: "gradient", Rows: 4, Build: func(m *Maker) *graph.Node {
			x, w := m.Data("x", Normal, 3), m.Fixed("w", Normal, 3, 2)
			return m.SumSquares(m.DotExamples(x, m.Tanh(m.Linear(x, w, nil))))
		}},
		{Op: "sqrt", Name: "f64", Rows: 4, Build: func(m *Maker) *graph.Node {
			w := mat(m, 3, 4)
			return m.Mul(m.Min(m.Const64(1), m.Div(m.Const64(0.5), m.Sqrt(m.SumSquares(w)))), m.Const64(3))
		}},
		{Op: "div", Name: "mean", Rows: 5, Build: func(m *Maker) *graph.Node {
			x, w := m.Data("x", Normal, 2), m.Data("w", Positive)
			return m.Div(m.SumExamples64(m.Mul(x, m.Reshape(w, 1))), m.SumExamples64(w))
		}},
	}
}
