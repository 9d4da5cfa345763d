package numtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/tensor"
)

// accuracy is what an engine owes for one operation: nothing (the correctly
// rounded result), units in the last place, or a bound that depends on the
// operands.
type accuracy struct {
	ulp, abs float64 // |error| <= ulp units in the last place + abs
	bound    func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64
}

// accuracies holds the operations that are not correctly rounded.
var accuracies = map[string]accuracy{
	"fma":           {ulp: 0.5000001}, // the reference is rounded twice
	"exp":           {ulp: 1.1},
	"log":           {ulp: 1},
	"log1p":         {ulp: 1.5},
	"tanh":          {ulp: 1.5},
	"erf":           {ulp: 1.5},
	"sigmoid":       {ulp: 2.5},
	"softplus":      {ulp: 2.5},
	"silu":          {ulp: 3, abs: 0x1p-126}, // the sigmoid may underflow
	"gelu":          {ulp: 3, abs: 3e-7},
	"gelutanh":      {ulp: 3, abs: 3e-7},
	"silugrad":      {bound: activationGrad},
	"hardswish":     {ulp: 1.5, abs: 4e-7},
	"hardswishgrad": {bound: activationGrad},
	"gelugrad":      {bound: activationGrad},
	"gelutanhgrad":  {bound: activationGrad},
	"dropoutmask":   {ulp: 1},

	"linear":          {bound: chain},
	"linearbias":      {bound: chain},
	"lineart":         {bound: chain},
	"dotexamples":     {bound: leaves},
	"scatterexamples": {bound: rowLeaves},
	"sumrows":         {bound: rowLeaves},
	"conv":            {bound: chain},
	"convinput":       {bound: chain},
	"convweights":     {bound: leaves},
	"sumexamples":     {bound: wideSum},
	"sumsquares":      {bound: wideSum},
	"reducesum":       {bound: lanes},

	"dots":         {bound: dotLanes},
	"mix":          {bound: chain},
	"pairdots":     {bound: dotLanes},
	"pairdotsgrad": {bound: pairChain},
	"groupdots":    {bound: chain},
	"groupmix":     {bound: chain},
	"groupmixt":    {bound: chain},

	"softmax":          {bound: eachRow(softmaxBound)},
	"softmaxgrad":      {bound: eachRow(softmaxGradBound)},
	"logsoftmax":       {bound: eachRow(logSoftmaxBound)},
	"logsoftmaxgrad":   {bound: eachRow(logSoftmaxGradBound)},
	"normalize":        {bound: eachRow(normalizeBound)},
	"normalizegrad":    {bound: eachRow(normalizeGradBound)},
	"rmsnormalize":     {bound: eachRow(rmsNormalizeBound)},
	"rmsnormalizegrad": {bound: eachRow(rmsNormalizeGradBound)},
	"crossentropy":     {bound: crossEntropyBound},

	"attention":       {bound: attentionBound},
	"attentionstats":  {bound: statsBound},
	"attentiongrad":   {bound: attentionGradBound},
	"attentioncached": {bound: attentionBound},

	"momentsums":         {bound: momentBound},
	"gradsums":           {bound: momentBound},
	"groupsums":          {bound: momentBound},
	"groupnormalize":     {bound: eachGroup(normalizeBound)},
	"groupnormalizegrad": {bound: eachGroup(normalizeGradBound)},

	"crossentropygrad": {bound: crossEntropyGradBound},

	"meanover":         {bound: along},
	"sumover":          {bound: along},
	"avgpool":          {bound: pooled},
	"avgpoolgrad":      {bound: pooled},
	"maxpoolgrad":      {bound: pooledMaxima},
	"positionrowsgrad": {bound: along},
	"rotary":           {bound: rotaryBound},
	"sinusoids":        {ulp: 0.5001, abs: 1e-12},

	"lstm":     {bound: recurrentBound(false, 2, lstmBound)},
	"lstmgrad": {bound: recurrentBound(true, 3, lstmGradBound)},
	"gru":      {bound: recurrentBound(false, 3, gruBound)},
	"grugrad":  {bound: recurrentBound(true, 3, gruGradBound)},
}

// u is the unit roundoff of float32; tiny its least positive number.
const u, tiny = 1.0 / (1 << 24), 0x1p-149

// gamma bounds the relative error of n roundings.
func gamma(n int) float64 { return float64(n) * u / (1 - float64(n)*u) }

// ulp32 is the spacing of float32 at v.
func ulp32(v float64) float64 {
	_, e := math.Frexp(v)
	return math.Ldexp(1, max(e-24, -149))
}

// compareNode compares an engine's value of a node with the reference: the
// operation applied in float64 to the engine's own operands. No error of an
// operand counts, so the bounds can be close.
func compareNode(n *graph.Node, in []oracle.Array, ref oracle.Array, got []float64) error {
	if len(got) != len(ref.Data) {
		return fmt.Errorf("%d elements, want %d", len(got), len(ref.Data))
	}
	tol := tolerances(n, in, ref)
	for i, want := range ref.Data {
		if n.Shape.DType == tensor.F32 && math.IsInf(float64(float32(want)), 0) {
			want = float64(float32(want))
		}
		if got[i] == want || math.IsNaN(got[i]) && math.IsNaN(want) || math.Abs(got[i]-want) <= tol(i) {
			continue
		}
		return fmt.Errorf("element %d is %v, want %v within %.3g; operands %s", i, got[i], want, tol(i), elements(in, i))
	}
	return nil
}

// tolerances returns the allowed error of each element.
func tolerances(n *graph.Node, in []oracle.Array, ref oracle.Array) func(i int) float64 {
	a, inexact := accuracies[n.Op.Name]
	switch {
	case inexact && a.bound != nil:
		tol := a.bound(n, in, ref)
		return func(i int) float64 { return tol[i] + tiny }
	case n.Shape.DType == tensor.F64 && inexact:
		return func(i int) float64 { return a.ulp * 0x1p-52 * math.Abs(ref.Data[i]) }
	case n.Shape.DType != tensor.F32:
		return func(int) float64 { return 0 }
	case inexact:
		return func(i int) float64 { return a.ulp*ulp32(ref.Data[i]) + a.abs }
	}
	// A float64 result of +, -, ·, / or √ rounds to float32 as the exact one does.
	return func(i int) float64 { return math.Abs(ref.Data[i] - float64(float32(ref.Data[i]))) }
}

// elements prints element i of the operands that are long enough.
func elements(in []oracle.Array, i int) string {
	s := ""
	for _, x := range in {
		if i < len(x.Data) {
			s += fmt.Sprintf("%v ", x.Data[i])
		} else {
			s += fmt.Sprintf("%v ", x.Dims)
		}
	}
	return s
}

// absolutes applies the operation of n to the absolute values of its operands:
// for a sum of products, Σ |x·y|.
func absolutes(n *graph.Node, in []oracle.Array) []float64 {
	var abs []oracle.Array
	for i, x := range in {
		if n.In[i].Shape.DType == tensor.I32 {
			abs = append(abs, x)
			continue
		}
		y := oracle.Array{Dims: x.Dims, Data: make([]float64, len(x.Data))}
		for j := range y.Data {
			y.Data[j] = math.Abs(x.Data[j])
		}
		abs = append(abs, y)
	}
	rows := 0
	if n.PerExample() {
		rows = in[0].Dims[0]
	}
	return oracle.Apply(n, abs, rows, 0, 0).Data
}

func scaled(factor float64, x []float64, extra func(i int) float64) []float64 {
	for i := range x {
		x[i] = factor*x[i] + extra(i)
	}
	return x
}

func none(int) float64 { return 0 }

func activationGrad(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	tol := make([]float64, len(ref.Data))
	for i, dx := range ref.Data {
		tol[i] = 7*ulp32(dx) + 3e-7*math.Abs(in[1].Data[i])
	}
	return tol
}

// chain is one chain of fused multiply-adds; a product may also underflow.
func chain(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	k := n.In[0].Shape.Last()
	if n.Op.Name == "conv" || n.Op.Name == "convinput" {
		k = n.In[1].Shape.Size() / n.Shape.Last()
	}
	return scaled(gamma(k+1), absolutes(n, in), func(int) float64 { return float64(k) * tiny })
}

// rowLeaves is a chain of the terms of a row, a float64 total of its leaves, and
// its rounding.
func rowLeaves(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	terms := 0
	for i, x := range n.In {
		if x.PerExample() && x.Shape.DType == tensor.I32 {
			terms += len(in[i].Data)
		}
	}
	terms = min(terms, graph.LeafTerms)
	return scaled(gamma(terms+2), absolutes(n, in), func(int) float64 { return float64(terms) * tiny })
}

// leaves is a chain within each leaf, a float64 total, and its rounding.
func leaves(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	terms := len(in[1].Data) / n.In[1].Shape.Last()
	if n.In[0].PerExample() {
		terms = min(terms, n.LeafExamples()*(terms/in[0].Dims[0]))
	}
	return scaled(gamma(terms+2), absolutes(n, in), func(int) float64 { return float64(terms) * tiny })
}

// wideSum is a float64 sum of exact terms, rounded once if the result is f32.
func wideSum(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	return scaled(float64(len(in[0].Data))*0x1p-52, absolutes(n, in), func(i int) float64 {
		if n.Shape.DType == tensor.F64 {
			return 0
		}
		return 0.5 * ulp32(ref.Data[i])
	})
}

// lanes is a sum in 16 lanes, which are added as a tree.
func lanes(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	return scaled(gamma(laneTerms(len(in[0].Data)/len(ref.Data))), absolutes(n, in), none)
}

// dotLanes is the same of fused products, which may underflow.
func dotLanes(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	k := n.In[0].Shape.Last()
	return scaled(gamma(laneTerms(k)), absolutes(n, in), func(int) float64 { return float64(k) * tiny })
}

// pairChain is a chain over the vectors of a set.
func pairChain(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	inner := n.Shape.Inner()
	return scaled(gamma(inner[len(inner)-2]+1), absolutes(n, in), func(int) float64 { return 0x1p-140 })
}

func laneTerms(n int) int { return (n+15)/16 + 4 }

// eachRow makes a bound of a function of one row: x and, of a gradient, dy.
func eachRow(f func(tol, x, dy, ref []float64, eps float64)) func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	return func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
		tol, k := make([]float64, len(ref.Data)), n.Shape.Last()
		for r := 0; r < len(tol); r += k {
			var dy []float64
			if len(in) == 2 {
				dy = in[1].Data[r : r+k]
			}
			f(tol[r:r+k], in[0].Data[r:r+k], dy, ref.Data[r:r+k], n.Attr.Float)
		}
		return tol
	}
}

// meanOf averages |f(i)|.
func meanOf(n int, f func(i int) float64) float64 {
	s := 0.0
	for i := range n {
		s += math.Abs(f(i))
	}
	return s / float64(n)
}

// exponentials describes a row of e^(x-m): the maximum m, their sum, and the
// mean of m-x that they weigh, which is how the errors of m-x reach the sum.
func exponentials(x []float64) (m, sum, spread float64) {
	m = slices.Max(x)
	for _, v := range x {
		if e := math.Exp(v - m); e > 0 {
			sum += e
			spread += e * (m - v)
		}
	}
	return m, sum, spread / sum
}

// softmaxBound: e^(x-m) has the error of x-m, which grows with it, and of the
// exponential; the sum has the errors of all.
func softmaxBound(tol, x, _, ref []float64, _ float64) {
	m, _, spread := exponentials(x)
	for i := range x {
		tol[i] = 0x1p-126
		if ref[i] > 0 {
			tol[i] += ref[i] * u * (m - x[i] + spread + float64(laneTerms(len(x))) + 7)
		}
	}
}

func softmaxGradBound(tol, y, dy, ref []float64, _ float64) {
	n := len(y)
	s := float64(n) * meanOf(n, func(i int) float64 { return y[i] * dy[i] })
	for i := range tol {
		tol[i] = math.Abs(y[i])*(gamma(laneTerms(n)+2)*s+3*u*math.Abs(dy[i])) + 2*u*math.Abs(ref[i])
	}
}

// logSoftmaxBound: x - m - ln Σ, each with its rounding.
func logSoftmaxBound(tol, x, _, _ []float64, _ float64) {
	m, sum, spread := exponentials(x)
	for i := range x {
		tol[i] = u * (2*math.Abs(x[i]-m) + 3*math.Log(sum) + spread + float64(laneTerms(len(x))) + 4)
	}
}

func logSoftmaxGradBound(tol, y, dy, ref []float64, _ float64) {
	n := len(y)
	s := float64(n) * meanOf(n, func(i int) float64 { return dy[i] })
	for i := range tol {
		tol[i] = math.Exp(y[i])*(gamma(laneTerms(n)+1)*s+4*u*s) + 2*u*(math.Abs(dy[i])+math.Abs(ref[i]))
	}
}

// normalizeBound: the mean has the error of a sum, which the variance, taken
// of the differences, feels only in second order.
func normalizeBound(tol, x, _, ref []float64, eps float64) {
	n := len(x)
	dmean, factor, rel := normalizeErrors(x, eps)
	for i := range tol {
		tol[i] = factor*(dmean+u*meanOf(n, func(i int) float64 { return x[i] })) + math.Abs(ref[i])*rel
	}
}

// normalizeErrors returns the error of the mean, 1/√(var + eps), and that
// factor's relative error with a few roundings of what it multiplies.
func normalizeErrors(x []float64, eps float64) (dmean, factor, rel float64) {
	n := len(x)
	mean := 0.0
	for _, v := range x {
		mean += v / float64(n)
	}
	v := meanOf(n, func(i int) float64 { return (x[i] - mean) * (x[i] - mean) })
	dmean = gamma(laneTerms(n)+2) * meanOf(n, func(i int) float64 { return x[i] })
	factor = 1 / math.Sqrt(v+eps)
	return dmean, factor, gamma(laneTerms(n)+8) + dmean*dmean*factor*factor
}

func normalizeGradBound(tol, x, dy, ref []float64, eps float64) {
	n := len(x)
	dmean, factor, rel := normalizeErrors(x, eps)
	y := make([]float64, n)
	mean := 0.0
	for _, v := range x {
		mean += v / float64(n)
	}
	for i := range x {
		y[i] = (x[i] - mean) * factor
	}
	dyMean := meanOf(n, func(i int) float64 { return dy[i] })
	dot := meanOf(n, func(i int) float64 { return dy[i] * y[i] })
	ddot := dot*rel*2 + dyMean*dmean*factor
	for i := range tol {
		ay := math.Abs(y[i])
		tol[i] = factor*(rel*(dyMean+2*ay*dot+math.Abs(dy[i]))+ay*ddot+dmean*factor*dot) + math.Abs(ref[i])*rel
	}
}

func rmsNormalizeBound(tol, x, _, ref []float64, _ float64) {
	for i := range tol {
		tol[i] = math.Abs(ref[i]) * gamma(laneTerms(len(x))+6)
	}
}

func rmsNormalizeGradBound(tol, x, dy, ref []float64, eps float64) {
	n := len(x)
	factor := 1 / math.Sqrt(meanOf(n, func(i int) float64 { return x[i] * x[i] })+eps)
	dot := meanOf(n, func(i int) float64 { return dy[i] * x[i] }) * factor
	rel := gamma(laneTerms(n) + 8)
	for i := range tol {
		tol[i] = factor*rel*(2*math.Abs(x[i])*factor*dot+math.Abs(dy[i])) + math.Abs(ref[i])*rel
	}
}

// crossEntropyBound is near that of logsoftmax at the label, and with smoothing
// of a sum over the row.
func crossEntropyBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	k := n.In[0].Shape.Last()
	tol, row := make([]float64, len(ref.Data)), make([]float64, k)
	for r := range tol {
		x := in[0].Data[r*k : (r+1)*k]
		logSoftmaxBound(row, x, nil, row, 0)
		label := int(in[1].Data[r])
		tol[r] = 2*row[label] + 2*u*math.Abs(ref.Data[r])
		if s := n.Attr.Float; s > 0 {
			m := slices.Max(x)
			tol[r] += s * meanOf(k, func(i int) float64 { return 2 * row[i] })
			tol[r] += s * gamma(laneTerms(k)+4) * meanOf(k, func(i int) float64 { return math.Abs(x[i]) + math.Abs(m) })
		}
	}
	return tol
}

func crossEntropyGradBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	k := n.Shape.Last()
	tol, y := make([]float64, len(ref.Data)), make([]float64, k)
	for r := range len(tol) / k {
		x := in[0].Data[r*k : (r+1)*k]
		// ref/dy + q is the softmax; it is computed anew, for dy may be 0.
		m, sum, _ := exponentials(x)
		for i, v := range x {
			y[i] = math.Exp(v-m) / sum
		}
		row := tol[r*k : (r+1)*k]
		softmaxBound(row, x, nil, y, 0)
		for i := range row {
			row[i] = math.Abs(in[2].Data[r])*(row[i]+2*u*(y[i]+1)) + 2*u*math.Abs(ref.Data[r*k+i])
		}
	}
	return tol
}
