package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gen emits one kernel for one instruction set. Its methods are the primitives:
// one singly rounded operation on a vector of 16 (AVX-512) or 8 (AVX2) lanes,
// each with the same meaning on both, so that a sequence of them is written once.
type gen struct {
	*build.Context
	z      bool // AVX-512
	suffix string
	bytes  int // in a vector
	parts  int // vectors in sixteen lanes
	consts *consts
	labels int
	hold   bool // 0 stays in a register: kernels that do little else wait for its load
	held   vec
	args   reg.Register // address of vecArgs
}

type (
	vec  = reg.VecVirtual
	mask = reg.Register // lanes chosen: a K register, or a vector of all-ones lanes
)

// src is an operand: a register, a constant or a scalar of the call.
type src interface{}

type (
	con uint32 // bits of a constant
	scl int    // scalar i of vecArgs
)

func c(f float64) con { return con(math.Float32bits(float32(f))) }

// consts is the table of constants, each in eight copies, shared by all kernels.
type consts struct {
	at   map[con]int
	list []con
}

const constName = "vecConst"

func (k *consts) offset(v con) int {
	if _, ok := k.at[v]; !ok {
		k.at[v] = 32 * len(k.list)
		k.list = append(k.list, v)
	}
	return k.at[v]
}

// Offsets in vecArgs (vec_call.go).
const (
	offRows   = 0
	offCols   = 8
	offPtr    = 16
	offStride = offPtr + 8*8
	offScal   = offStride + 8*8
)

func (g *gen) reg() vec {
	if g.z {
		return g.ZMM()
	}
	return g.YMM()
}

func (g *gen) label(name string) string {
	g.labels++
	return fmt.Sprintf("%s%d", name, g.labels)
}

func static(name string, disp int) Mem {
	return Mem{Symbol: Symbol{Name: name, Static: true}, Base: reg.StaticBase, Disp: disp}
}

// memory returns where a constant or a scalar is, and whether the place has one
// copy of it only.
func (g *gen) memory(s src) (m Mem, single bool) {
	switch s := s.(type) {
	case con:
		return static(constName, g.consts.offset(s)), g.z
	case scl:
		return Mem{Base: g.args, Disp: offScal + 4*int(s)}, true
	}
	panic("not in memory")
}

// in returns s in a register.
func (g *gen) in(s src) vec {
	if v, ok := s.(vec); ok {
		return v
	}
	m, _ := g.memory(s)
	r := g.reg()
	g.VBROADCASTSS(m, r)
	return r
}

// copy returns s in a register of its own.
func (g *gen) copy(s src) vec {
	v, ok := s.(vec)
	if !ok {
		return g.in(s)
	}
	r := g.reg()
	g.VMOVAPS(v, r)
	return r
}

type emitter = func(ops ...Op)

// last emits f with s as the operand that may be in memory; the others follow.
func (g *gen) last(f, bcst emitter, s src, rest ...Op) {
	if v, ok := s.(vec); ok {
		f(append([]Op{v}, rest...)...)
		return
	}
	if g.hold && s == c(0) {
		f(append([]Op{g.held}, rest...)...)
		return
	}
	m, single := g.memory(s)
	switch {
	case !single:
		f(append([]Op{m}, rest...)...)
	case g.z:
		bcst(append([]Op{m}, rest...)...)
	default:
		f(append([]Op{g.in(s)}, rest...)...)
	}
}

func (g *gen) bin(f, bcst emitter, a, b src) vec {
	x, r := g.in(a), g.reg()
	g.last(f, bcst, b, x, r)
	return r
}

func (g *gen) add(a, b src) vec { return g.bin(g.VADDPS, g.VADDPS_BCST, a, b) }
func (g *gen) sub(a, b src) vec { return g.bin(g.VSUBPS, g.VSUBPS_BCST, a, b) }
func (g *gen) mul(a, b src) vec { return g.bin(g.VMULPS, g.VMULPS_BCST, a, b) }
func (g *gen) div(a, b src) vec { return g.bin(g.VDIVPS, g.VDIVPS_BCST, a, b) }
func (g *gen) and(a, b src) vec { return g.bin(g.VANDPS, g.VANDPS_BCST, a, b) }
func (g *gen) or(a, b src) vec  { return g.bin(g.VORPS, g.VORPS_BCST, a, b) }
func (g *gen) xor(a, b src) vec { return g.bin(g.VXORPS, g.VXORPS_BCST, a, b) }

// larger is a > b ? a : b and smaller a < b ? a : b: b if the two are
// unordered or both zero.
func (g *gen) larger(a, b src) vec  { return g.bin(g.VMAXPS, g.VMAXPS_BCST, a, b) }
func (g *gen) smaller(a, b src) vec { return g.bin(g.VMINPS, g.VMINPS_BCST, a, b) }

func (g *gen) sqrt(a src) vec {
	r := g.reg()
	g.VSQRTPS(g.in(a), r)
	return r
}

func (g *gen) floor(a src) vec {
	r := g.reg()
	if g.z {
		g.VRNDSCALEPS(Imm(9), g.in(a), r)
	} else {
		g.VROUNDPS(Imm(9), g.in(a), r)
	}
	return r
}

// fma is a*b + c; fnma is c - a*b. Each is rounded once.
func (g *gen) fma(a, b, c src) vec {
	if _, ok := c.(vec); !ok {
		r := g.copy(a)
		g.last(g.VFMADD213PS, g.VFMADD213PS_BCST, c, g.in(b), r)
		return r
	}
	r := g.copy(c)
	g.last(g.VFMADD231PS, g.VFMADD231PS_BCST, b, g.in(a), r)
	return r
}

func (g *gen) fnma(a, b, c src) vec {
	r := g.copy(c)
	g.last(g.VFNMADD231PS, g.VFNMADD231PS_BCST, b, g.in(a), r)
	return r
}

// horner is k[0] + x(k[1] + x(k[2] + ...)).
func (g *gen) horner(x vec, k []float64) vec {
	p := g.in(c(k[len(k)-1]))
	for i := len(k) - 2; i >= 0; i-- {
		g.last(g.VFMADD213PS, g.VFMADD213PS_BCST, c(k[i]), x, p)
	}
	return p
}

// Integer operations on the bits of a float32.
func (g *gen) addI(a, b src) vec { return g.bin(g.VPADDD, g.VPADDD_BCST, a, b) }
func (g *gen) subI(a, b src) vec { return g.bin(g.VPSUBD, g.VPSUBD_BCST, a, b) }

func (g *gen) sar(a vec, n uint64) vec {
	r := g.reg()
	g.VPSRAD(Imm(n), a, r)
	return r
}

func (g *gen) shl(a vec, n uint64) vec {
	r := g.reg()
	g.VPSLLD(Imm(n), a, r)
	return r
}

func (g *gen) toFloat(a vec) vec {
	r := g.reg()
	g.VCVTDQ2PS(a, r)
	return r
}

// Comparisons, all quiet.
const (
	eq    = 0
	ne    = 4 // or unordered
	lt    = 17
	le    = 18
	notLt = 21 // or unordered
	ge    = 29
	gt    = 30
	isNaN = 3 // unordered
)

func (g *gen) cmp(pred uint64, a, b src) mask {
	x := g.in(a)
	var m mask = g.reg()
	if g.z {
		m = g.K()
	}
	g.last(func(ops ...Op) { g.VCMPPS(append([]Op{Imm(pred)}, ops...)...) },
		func(ops ...Op) { g.VCMPPS_BCST(append([]Op{Imm(pred)}, ops...)...) }, b, x, m)
	return m
}

// pick is m ? a : b in each lane.
func (g *gen) pick(m mask, a, b src) vec {
	y, r := g.in(b), g.reg()
	if g.z {
		g.last(g.VBLENDMPS, g.VBLENDMPS_BCST, a, y, m, r)
	} else {
		g.last(func(ops ...Op) { g.VBLENDVPS(m, ops[0], ops[1], ops[2]) }, nil, a, y, r)
	}
	return r
}

// only is m ? a : 0 in each lane.
func (g *gen) only(m mask, a src) vec {
	r := g.reg()
	if g.z {
		g.VMOVAPS_Z(g.in(a), m, r)
		return r
	}
	g.last(func(ops ...Op) { g.VANDPS(ops...) }, nil, a, m, r)
	return r
}

func (g *gen) zero() vec {
	r := g.reg()
	if g.z {
		g.VPXORD(r, r, r)
	} else {
		g.VXORPS(r, r, r)
	}
	return r
}

// scale is y·2ⁿ, rounded once: n is an integer as a float, t = n + magic. AVX2
// multiplies by two powers, of which only the second rounds.
func (g *gen) scale(y, n, t vec) vec {
	if g.z {
		r := g.reg()
		g.VSCALEFPS(n, y, r)
		return r
	}
	i := g.subI(t, c(magic))
	h := g.sar(i, 1)
	y = g.mul(y, g.pow2(h))
	return g.mul(y, g.pow2(g.subI(i, h)))
}

func (g *gen) pow2(n vec) vec { return g.shl(g.addI(n, con(127)), 23) }
