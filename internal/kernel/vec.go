package kernel

import (
	"fmt"
	"strconv"
	"strings"
)

// Element-wise programs.
//
// A Program is a straight line of instructions over streams (vectors in
// memory), scalars and temporaries. It means: for each element, run the line
// from top to bottom (Eval). It is executed by tiles (elementwise.go) or by one
// generated kernel; every execution gives the bits of Eval.

// Op is an operation on one, two or three values. Each op is a fixed sequence
// of singly rounded float32 operations (vec_ref.go), so it has the same bits on
// every machine. A NaN result is a NaN; its payload is not specified.
type Op uint8

const (
	Add    Op = iota // a + b
	Sub              // a - b
	Mul              // a * b
	Div              // a / b
	FMA              // a*b + c, rounded once
	Max              // NaN if either is NaN; of two zeros b
	Min              // NaN if either is NaN; of two zeros b
	Neg              // -a
	Abs              // |a|
	Sqrt             // √a
	Recip            // 1 / a
	Floor            // the greatest integer not above a
	Sign             // 1, -1, or a itself if a is ±0 or NaN
	Gt               // 1 if a > b, else 0
	Ge               // 1 if a >= b, else 0
	Lt               // 1 if a < b, else 0
	Le               // 1 if a <= b, else 0
	Eq               // 1 if a == b, else 0
	Ne               // 1 if a != b, else 0
	Step             // 1 if a > 0, else 0
	Select           // b if a != 0, else c (NaN counts as not zero)
	Exp              // eᵃ, with gradual underflow
	Log              // ln a; -Inf at 0, NaN below
	Log1p            // ln(1+a), exact in the limit of small a
	Tanh
	Sigmoid       // 1/(1+e⁻ᵃ), relative accuracy at both ends
	Softplus      // ln(1+eᵃ) = max(a,0) + ln(1+e^-|a|)
	Erf           // error function
	Relu          // a if not a < 0 (so NaN passes), else 0
	ReluGrad      // b if a > 0, else 0
	Silu          // a·sigmoid(a)
	SiluGrad      // b·d silu(a)/da
	Gelu          // a·Φ(a), exact form
	GeluGrad      // b·d gelu(a)/da
	GeluTanh      // a·sigmoid(2u), u = √(2/π)(a + 0.044715a³)
	GeluTanhGrad  // b·d geluTanh(a)/da
	HardSwish     // a·min(max(a/6 + 1/2, 0), 1)
	HardSwishGrad // b·(a/3 + 1/2), 0 up to -3 and b from 3 on
	numOps
)

var opNames = [numOps]string{
	"add", "sub", "mul", "div", "fma", "max", "min", "neg", "abs", "sqrt", "recip", "floor", "sign",
	"gt", "ge", "lt", "le", "eq", "ne", "step", "select", "exp", "log", "log1p", "tanh", "sigmoid",
	"softplus", "erf", "relu", "relugrad", "silu", "silugrad", "gelu", "gelugrad", "gelutanh", "gelutanhgrad", "hardswish", "hardswishgrad",
}

// String returns the name that Key uses.
func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Arity returns the number of operands: A, then B, then C.
func (o Op) Arity() int {
	switch o {
	case FMA, Select:
		return 3
	case Add, Sub, Mul, Div, Max, Min, Gt, Ge, Lt, Le, Eq, Ne, ReluGrad, SiluGrad, GeluGrad, GeluTanhGrad, HardSwishGrad:
		return 2
	}
	return 1
}

// RefKind says what a Ref names.
type RefKind uint8

const (
	KindStream RefKind = iota
	KindScalar
	KindTemp
)

// Ref names an operand. The zero Ref is stream 0.
type Ref struct {
	Kind  RefKind
	Index uint8
}

// StreamRef, ScalarRef and TempRef name operand i of their kind.
func StreamRef(i int) Ref { return Ref{KindStream, uint8(i)} }
func ScalarRef(i int) Ref { return Ref{KindScalar, uint8(i)} }
func TempRef(i int) Ref   { return Ref{KindTemp, uint8(i)} }

// String returns x0, s0 or t0.
func (r Ref) String() string {
	return string("xst"[min(r.Kind, KindTemp)]) + strconv.Itoa(int(r.Index))
}

// Instr is Dst = Op(A, B, C). Operands past the arity of Op are ignored.
type Instr struct {
	Op      Op
	A, B, C Ref
	Dst     Ref // a temporary, or a stream: then an output
}

func (in *Instr) operands() []Ref { return []Ref{in.A, in.B, in.C}[:in.Op.Arity()] }

// The most that one program may use.
const (
	MaxStreams = 8
	MaxScalars = 16
	MaxTemps   = 32
)

// Program is a line of instructions. A temporary is assigned once, before it is
// used; a stream is assigned at most once, and reading it afterwards gives the
// new value.
type Program struct {
	Streams, Scalars, Temps int
	Code                    []Instr
}

// Key returns the canonical text: "t0=mul(x0,s0);x1=fma(t0,s1,x1)".
func (p *Program) Key() string {
	var b strings.Builder
	for i := range p.Code {
		in := &p.Code[i]
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(in.Dst.String() + "=" + in.Op.String())
		for j, r := range in.operands() {
			b.WriteByte("(,,"[j])
			b.WriteString(r.String())
		}
		b.WriteByte(')')
	}
	return b.String()
}

// ParseProgram reads a Key; the counts are one above the highest index used.
func ParseProgram(key string) (*Program, error) {
	p := &Program{}
	for _, line := range strings.Split(key, ";") {
		in, err := p.parse(line)
		if err != nil {
			return nil, fmt.Errorf("kernel: instruction %q: %w", line, err)
		}
		p.Code = append(p.Code, in)
	}
	return p, p.Validate()
}

func (p *Program) parse(line string) (in Instr, err error) {
	dst, rest, _ := strings.Cut(strings.TrimSuffix(line, ")"), "=")
	name, args, _ := strings.Cut(rest, "(")
	for in.Op = 0; in.Op < numOps && opNames[in.Op] != name; in.Op++ {
	}
	refs := strings.Split(args, ",")
	if in.Op == numOps || len(refs) != in.Op.Arity() {
		return in, fmt.Errorf("unknown op or wrong number of operands")
	}
	into := []*Ref{&in.A, &in.B, &in.C}
	for i, text := range append(refs, dst) {
		if i == len(refs) {
			into[i%3], i = &in.Dst, i%3
		}
		if *into[i], err = p.parseRef(text); err != nil {
			return in, err
		}
	}
	return in, nil
}

func (p *Program) parseRef(text string) (Ref, error) {
	for kind, count := range []*int{&p.Streams, &p.Scalars, &p.Temps} {
		if i, ok := strings.CutPrefix(text, "xst"[kind:kind+1]); ok {
			n, err := strconv.ParseUint(i, 10, 7)
			*count = max(*count, int(n)+1)
			return Ref{RefKind(kind), uint8(n)}, err
		}
	}
	return Ref{}, fmt.Errorf("operand %q is not x, s or t", text)
}

// Validate says what is wrong with the program, if anything.
func (p *Program) Validate() error {
	if p.Streams > MaxStreams || p.Scalars > MaxScalars || p.Temps > MaxTemps {
		return fmt.Errorf("kernel: program has %d streams, %d scalars, %d temporaries, at most %d, %d, %d",
			p.Streams, p.Scalars, p.Temps, MaxStreams, MaxScalars, MaxTemps)
	}
	var temps [MaxTemps]bool
	var streams [MaxStreams]bool
	for i := range p.Code {
		in := &p.Code[i]
		if in.Op >= numOps {
			return fmt.Errorf("kernel: instruction %d: unknown %v", i, in.Op)
		}
		for _, r := range in.operands() {
			if !p.has(r) || r.Kind == KindTemp && !temps[r.Index] {
				return fmt.Errorf("kernel: instruction %d: operand %v is undefined", i, r)
			}
		}
		set := temps[:]
		if in.Dst.Kind == KindStream {
			set = streams[:]
		}
		if !p.has(in.Dst) || in.Dst.Kind == KindScalar || set[in.Dst.Index] {
			return fmt.Errorf("kernel: instruction %d: %v cannot be assigned (again)", i, in.Dst)
		}
		set[in.Dst.Index] = true
	}
	return nil
}

func (p *Program) has(r Ref) bool {
	return r.Kind <= KindTemp && int(r.Index) < [...]int{p.Streams, p.Scalars, p.Temps}[r.Kind]
}

// outputs returns which streams the program assigns.
func (p *Program) outputs() (out [MaxStreams]bool) {
	for i := range p.Code {
		if d := p.Code[i].Dst; d.Kind == KindStream {
			out[d.Index] = true
		}
	}
	return out
}
