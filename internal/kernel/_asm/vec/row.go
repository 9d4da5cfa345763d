package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// fixed are the kernels that are no programs, in the order of rowid.go.
var fixed = []struct {
	name string
	emit func(g *gen, name string)
}{
	{"vecRowSum", rowSum}, {"vecRowMax", rowMax}, {"vecRowDot", rowDot},
	{"vecSoftmax", softmax}, {"vecLogSoftmax", logSoftmax},
	{"vecSoftmaxGrad", softmaxGrad}, {"vecLogSoftmaxGrad", logSoftmaxGrad},
	{"vecLoss", loss(true, false, false)}, {"vecLossSmooth", loss(true, false, true)},
	{"vecLossGrad", loss(false, true, false)},
	{"vecLossBoth", loss(true, true, false)}, {"vecLossBothSmooth", loss(true, true, true)},
	{"vecLayerNorm", layerNorm(false, false)}, {"vecLayerNormGamma", layerNorm(true, false)},
	{"vecLayerNormBeta", layerNorm(false, true)}, {"vecLayerNormGammaBeta", layerNorm(true, true)},
	{"vecRMSNorm", rmsNorm(false)}, {"vecRMSNormGamma", rmsNorm(true)},
	{"vecLayerNormGrad", normGrad(true, false)}, {"vecLayerNormGradGamma", normGrad(true, true)},
	{"vecRMSNormGrad", normGrad(false, false)}, {"vecRMSNormGradGamma", normGrad(false, true)},
	{"vecSumRows", sumRows}, {"vecSumMoments", moments(false)}, {"vecSumProducts", moments(true)}, {"vecSumSquares", sumSquares(1)}, {"vecSumSquares2", sumSquares(2)}, {"vecTotalStart", totalStart}, {"vecTotalEnd", totalEnd},
	{"vecFromU8", fromU8}, {"vecFromI32", fromI32}, {"vecMask", dropoutMask},
	{"vecLossEnd", func(g *gen, name string) { g.program(name, "t0=log(x0);x2=sub(t0,x1)") }},
	{"vecScaleRows", scaleRowsKernel}, {"vecAttendRows", attendRows}, {"vecAttendBack", attendBack},
	{"vecAttendSums", func(g *gen, name string) { g.program(name, "t0=sub(x0,x1);x2=exp(t0);x3=fma(x3,x2,x4)") }},
	{"vecAttendEnd", func(g *gen, name string) { g.program(name, "x2=recip(x1);t0=log(x1);x3=add(x0,t0)") }},
	{"vecAttendTile1", attendTiles(1, (*attendTile).attend)}, {"vecAttendTile2", attendTiles(2, (*attendTile).attend)},
	{"vecAttendTile3", attendTiles(3, (*attendTile).attend)}, {"vecAttendTile4", attendTiles(4, (*attendTile).attend)},
	{"vecAttendBackTile1", attendTiles(1, (*attendTile).back)}, {"vecAttendBackTile2", attendTiles(2, (*attendTile).back)},
	{"vecAttendBackTile3", attendTiles(3, (*attendTile).back)}, {"vecAttendBackTile4", attendTiles(4, (*attendTile).back)},
	{"vecGatherRows", gatherRows}, {"vecSetRows", setRows}, {"vecAddRows", addRows}, {"vecFetchRows", fetchRows},
	{"vecSoftmaxColumns", softmaxColumns},
	{"vecLossColumns", lossColumns(true, false, false)}, {"vecLossColumnsSmooth", lossColumns(true, false, true)},
	{"vecLossGradColumns", lossColumns(false, true, false)},
	{"vecLossBothColumns", lossColumns(true, true, false)}, {"vecLossBothColumnsSmooth", lossColumns(true, true, true)},
}

// rowKernel is a kernel whose passes take sixteen columns a step.
func (g *gen) rowKernel(name string, streams []int, row func(f *frame)) {
	g.kernel(name, 16, streams, row)
}

// lanes16 are the sixteen lanes of a sum: one or two vectors.
type lanes16 []vec

func (f *frame) lanes16(start src) lanes16 {
	var l lanes16
	for range f.lanes * 4 / f.bytes {
		if start == nil {
			l = append(l, f.zero())
		} else {
			l = append(l, f.copy(start))
		}
	}
	return l
}

// tree reduces the lanes, 8-4-2-1, and leaves the result in every lane.
func (f *frame) tree(l lanes16, op emitter) vec {
	r, t := l[0], f.reg()
	if f.z {
		for _, swap := range []uint64{0x4e, 0xb1} {
			f.VSHUFF32X4(Imm(swap), r, r, t)
			op(t, r, r)
		}
	} else {
		op(l[1], r, r)
		f.VPERM2F128(Imm(1), r, r, t)
		op(t, r, r)
	}
	for _, swap := range []uint64{0x4e, 0xb1} {
		f.VPERMILPS(Imm(swap), r, t)
		op(t, r, r)
	}
	return r
}

func (f *frame) sum(l lanes16) vec { return f.tree(l, f.VADDPS) }

// top is the maximum of lanes; the first lane decides, also for signed zeros.
func (f *frame) top(l lanes16) vec {
	r := f.tree(l, f.VMAXPS)
	f.VBROADCASTSS(r.AsX(), r)
	return r
}

// storeOne stores the first lane in the value of this row of a stream.
func (f *frame) storeOne(stream int, v vec) { f.VMOVSS(v.AsX(), Mem{Base: f.ptr[stream]}) }

func (f *frame) loadOne(stream int) vec {
	r := f.reg()
	f.VBROADCASTSS(Mem{Base: f.ptr[stream]}, r)
	return r
}

// count is float32(cols) in every lane.
func (f *frame) count() vec {
	r := f.reg()
	f.VPBROADCASTD(f.arg(offCols), r)
	f.VCVTDQ2PS(r, r)
	return r
}

// The kernels. Streams are numbered as in row.go; the formulas are those of
// row_ref.go, row_loss.go and row_norm.go.

func rowSum(g *gen, name string) {
	g.rowKernel(name, []int{0, 2}, func(f *frame) {
		l := f.lanes16(nil)
		f.pass(func(b block) { b.VADDPS(b.load(0), l[b.part], l[b.part]) })
		f.storeOne(2, f.sum(l))
	})
}

func rowDot(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2}, func(f *frame) {
		l := f.lanes16(nil)
		f.pass(func(b block) { b.VFMADD231PS(b.load(1), b.load(0), l[b.part]) })
		f.storeOne(2, f.sum(l))
	})
}

// rowMax keeps NaN: max32.
func rowMax(g *gen, name string) {
	g.rowKernel(name, []int{0, 2}, func(f *frame) {
		l := f.lanes16(negInf)
		keep := func(ops ...Op) { // ops: b, a, and a again for the result
			a, b := ops[1].(vec), ops[0].(vec)
			f.VMOVAPS(f.fix(f.larger(a, b), a), a)
		}
		f.pass(func(b block) { keep(b.loadOr(0, negInf), l[b.part], l[b.part]) })
		r := f.tree(l, keep)
		f.storeOne(2, r)
	})
}

// rowTop emits the pass for the maximum of stream 0.
func (f *frame) rowTop() vec {
	l := f.lanes16(negInf)
	f.pass(func(b block) { b.VMAXPS(b.loadOr(0, negInf), l[b.part], l[b.part]) })
	return f.top(l)
}

// expSum emits the pass for Σ e^(x-m); keep, if any, stores the terms.
func (f *frame) expSum(m vec, keep func(b block, e vec)) vec {
	l := f.lanes16(nil)
	f.pass(func(b block) {
		e := b.inside(b.exp(b.sub(b.load(0), m)))
		b.VADDPS(e, l[b.part], l[b.part])
		if keep != nil {
			keep(b, e)
		}
	})
	return f.sum(l)
}

func softmax(g *gen, name string) {
	g.rowKernel(name, []int{0, 1}, func(f *frame) {
		s := f.expSum(f.rowTop(), func(b block, e vec) { b.store(1, e) })
		r := f.div(c(1), s)
		f.pass(func(b block) { b.store(1, b.mul(b.load(1), r)) })
	})
}

func logSoftmax(g *gen, name string) {
	g.rowKernel(name, []int{0, 1}, func(f *frame) {
		m := f.rowTop()
		ln := f.log(f.expSum(m, nil))
		f.pass(func(b block) { b.store(1, b.sub(b.sub(b.load(0), m), ln)) })
	})
}

func softmaxGrad(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2}, func(f *frame) {
		l := f.lanes16(nil)
		f.pass(func(b block) { b.VFMADD231PS(b.load(1), b.load(0), l[b.part]) })
		d := f.sum(l)
		f.pass(func(b block) { b.store(2, b.mul(b.load(0), b.sub(b.load(1), d))) })
	})
}

func logSoftmaxGrad(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2}, func(f *frame) {
		l := f.lanes16(nil)
		f.pass(func(b block) { b.VADDPS(b.load(1), l[b.part], l[b.part]) })
		d := f.sum(l)
		f.pass(func(b block) { b.store(2, b.fnma(b.exp(b.load(0)), d, b.load(1))) })
	})
}

// loss is the cross-entropy: streams x, labels, Σ e^(x-m), dx, dloss, Σ q(x-m);
// scalars on, off, on+off.
func loss(value, grad, smooth bool) func(g *gen, name string) {
	streams := []int{0, 1}
	if value {
		streams = append(streams, 2, 5)
	}
	if grad {
		streams = append(streams, 3, 4)
	}
	return func(g *gen, name string) {
		g.rowKernel(name, streams, func(f *frame) { f.lossRow(value, grad, smooth) })
	}
}

func (f *frame) lossRow(value, grad, smooth bool) {
	at := f.reg()
	if value {
		label := f.GP64()
		f.MOVLQSX(Mem{Base: f.ptr[1]}, label)
		f.VBROADCASTSS(Mem{Base: f.ptr[0], Index: label, Scale: 4}, at)
	}
	m := f.rowTop()
	var d lanes16
	if smooth {
		d = f.lanes16(nil)
	}
	l := f.lanes16(nil)
	f.pass(func(b block) {
		x := b.sub(b.load(0), m)
		if smooth {
			b.VADDPS(b.inside(x), d[b.part], d[b.part])
		}
		e := b.inside(b.exp(x))
		b.VADDPS(e, l[b.part], l[b.part])
		if grad {
			b.store(3, e)
		}
	})
	s := f.sum(l)
	if value {
		t := f.mul(f.sub(at, m), scl(0))
		if smooth {
			t = f.fma(f.sum(d), scl(1), t)
		}
		f.storeOne(2, s) // the caller takes the logarithms of many rows at once
		f.storeOne(5, t)
	}
	if grad {
		f.lossGrad(f.div(c(1), s))
	}
}

func (f *frame) lossGrad(r vec) {
	label, dl := f.reg(), f.loadOne(4)
	f.VPBROADCASTD(Mem{Base: f.ptr[1]}, label)
	var column lanes16
	for i := range f.lanes * 4 / f.bytes {
		v := f.reg()
		f.VMOVUPS(static(iotaName, f.bytes*i), v)
		column = append(column, v)
	}
	f.pass(func(b block) {
		var m mask = b.reg()
		if b.z {
			m = b.K()
		}
		b.VPCMPEQD(label, column[b.part], m)
		q := b.pick(m, scl(2), scl(1))
		b.last(b.VPADDD, b.VPADDD_BCST, con(16), column[b.part], column[b.part])
		// e·r - q, rounded once
		e := b.load(3)
		b.VFMSUB213PS(q, r, e)
		b.store(3, b.mul(e, dl))
	})
}

// recipStd is 1/√(sum/cols + eps).
func (f *frame) recipStd(sum vec) vec {
	return f.div(c(1), f.sqrt(f.add(f.div(sum, f.count()), scl(0))))
}

// layerNorm has streams x, y, gamma, beta, rstd, mean.
func layerNorm(gamma, beta bool) func(g *gen, name string) {
	return func(g *gen, name string) {
		g.rowKernel(name, normStreams([]int{0, 1, 4, 5}, gamma, beta), func(f *frame) {
			l := f.lanes16(nil)
			f.pass(func(b block) { b.VADDPS(b.load(0), l[b.part], l[b.part]) })
			mean := f.div(f.sum(l), f.count())
			f.storeOne(5, mean)
			l = f.lanes16(nil)
			f.pass(func(b block) {
				d := b.inside(b.sub(b.load(0), mean))
				b.VFMADD231PS(d, d, l[b.part])
			})
			f.scaleRow(mean, f.recipStd(f.sum(l)), gamma, beta)
		})
	}
}

func rmsNorm(gamma bool) func(g *gen, name string) {
	return func(g *gen, name string) {
		g.rowKernel(name, normStreams([]int{0, 1, 4}, gamma, false), func(f *frame) {
			l := f.lanes16(nil)
			f.pass(func(b block) {
				x := b.load(0)
				b.VFMADD231PS(x, x, l[b.part])
			})
			f.scaleRow(reg.VecVirtual(nil), f.recipStd(f.sum(l)), gamma, false)
		})
	}
}

func normStreams(s []int, gamma, beta bool) []int {
	if gamma {
		s = append(s, 2)
	}
	if beta {
		s = append(s, 3)
	}
	return s
}

func (f *frame) scaleRow(mean, rstd vec, gamma, beta bool) {
	f.storeOne(4, rstd)
	f.pass(func(b block) {
		v := b.load(0)
		if mean != nil {
			v = b.sub(v, mean)
		}
		v = b.mul(v, rstd)
		switch {
		case gamma && beta:
			v = b.fma(v, b.load(2), b.load(3))
		case gamma:
			v = b.mul(v, b.load(2))
		case beta:
			v = b.add(v, b.load(3))
		}
		b.store(1, v)
	})
}

// normGrad has streams x, dy, gamma, dx, rstd, mean.
func normGrad(centered, gamma bool) func(g *gen, name string) {
	streams := []int{0, 1, 3, 4}
	if centered {
		streams = append(streams, 5)
	}
	return func(g *gen, name string) {
		g.rowKernel(name, normStreams(streams, gamma, false), func(f *frame) {
			rstd := f.loadOne(4)
			var mean vec
			if centered {
				mean = f.loadOne(5)
			}
			at := func(b block) (dy, h vec) {
				dy, h = b.load(1), b.load(0)
				if gamma {
					dy = b.mul(dy, b.load(2))
				}
				if centered {
					h = b.sub(h, mean)
				}
				return dy, b.mul(h, rstd)
			}
			sum, dot := lanes16(nil), f.lanes16(nil)
			if centered {
				sum = f.lanes16(nil)
			}
			f.pass(func(b block) {
				dy, h := at(b)
				if centered {
					b.VADDPS(dy, sum[b.part], sum[b.part])
				}
				b.VFMADD231PS(b.inside(h), dy, dot[b.part])
			})
			mb := f.div(f.sum(dot), f.count())
			var ma vec
			if centered {
				ma = f.div(f.sum(sum), f.count())
			}
			f.pass(func(b block) {
				dy, h := at(b)
				if centered {
					dy = b.sub(dy, ma)
				} else {
					dy = b.sub(dy, c(0))
				}
				b.store(3, b.mul(b.fnma(h, mb, dy), rstd))
			})
		})
	}
}
