package generate

import (
	"fmt"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// decoder runs a language model with a cache for each of B sequences. A chunk
// of n tokens is one call of the program for n; a shorter one is padded, and
// what the padding gives is not looked at.
type decoder struct {
	length   int // L
	programs []*chunkProgram
	caches   []*tensor.Tensor // (B, L, width), read by the programs in place
	past     *tensor.Tensor   // i32 (B): positions of a sequence in its cache
}

// chunkProgram continues sequences by up to n tokens at once.
type chunkProgram struct {
	n           int
	program     engine.Program
	x, position *tensor.Tensor   // i32 (B, n): tokens and their places
	in          []*tensor.Tensor // of the program, in order
	logits      *tensor.Tensor   // (B, n, V)
	rows        []*tensor.Tensor // (B, n, width): what comes into each cache
}

// chunkSizes are the sizes of chunks for a context of L positions: one token, a
// few, and many at once. Half a context is a whole number of the largest, where
// it can be: that is what a full context begins anew with.
func chunkSizes(length int) []int {
	sizes := []int{1}
	for _, n := range []int{8, 64} {
		if n = min(n, length/2); n > sizes[len(sizes)-1] {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

func newDecoder(eng engine.Engine, vars engine.Vars, model nn.Layer, sequences, length int) (*decoder, error) {
	d := &decoder{length: length, past: tensor.New(tensor.I32, sequences)}
	for _, n := range chunkSizes(length) {
		g, widths, err := nn.Decoder(model, n, length)
		if err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		for _, w := range widths[len(d.caches):] {
			d.caches = append(d.caches, tensor.New(tensor.F32, sequences, length, w))
		}
		p, err := d.compile(eng, vars, g, n, sequences)
		if err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		d.programs = append(d.programs, p)
	}
	return d, nil
}

// compile makes the program for chunks of n tokens.
func (d *decoder) compile(eng engine.Engine, vars engine.Vars, g *graph.Graph, n, sequences int) (*chunkProgram, error) {
	program, err := eng.Compile(g, vars, engine.Options{Rows: sequences})
	if err != nil {
		return nil, err
	}
	p := &chunkProgram{n: n, program: program, logits: program.Output("pred")}
	p.x, p.position = tensor.New(tensor.I32, sequences, n), tensor.New(tensor.I32, sequences, n)
	inputs := map[string]*tensor.Tensor{"x": p.x, "position": p.position, "past": d.past}
	for i, c := range d.caches {
		inputs[cacheName(i)] = c
		p.rows = append(p.rows, program.Output(cacheName(i)))
	}
	for _, in := range g.Inputs {
		p.in = append(p.in, inputs[in.Attr.Name])
	}
	return p, nil
}

func cacheName(i int) string { return fmt.Sprint("cache.", i) }

// vocabulary returns V.
func (d *decoder) vocabulary() int {
	shape := d.programs[0].logits.Shape()
	return shape[len(shape)-1]
}

// choose returns the program for chunks of up to n tokens: the smallest that
// takes them at once, else the largest.
func (d *decoder) choose(n int) *chunkProgram {
	for _, p := range d.programs {
		if p.n >= n {
			return p
		}
	}
	return d.programs[len(d.programs)-1]
}

// set makes the next tokens of sequence s those that begin with tokens, behind
// past others, and returns how many they are. The padding is token 0 at place 0.
func (d *decoder) set(p *chunkProgram, s int, tokens []int32, past int) int {
	d.past.I32()[s] = int32(past)
	x, position := p.x.I32()[s*p.n:][:p.n], p.position.I32()[s*p.n:][:p.n]
	n := copy(x, tokens)
	clear(x[n:])
	clear(position[n:])
	for i := range n {
		position[i] = int32(past + i)
	}
	return n
}

// run continues sequences [first, last), whose tokens have been set: it
// computes the logits and the rows for the caches.
func (p *chunkProgram) run(first, last int) {
	p.program.Begin(0, nil)
	p.program.Micro(p.in, first, last-first)
}

// remember copies the rows of row r of the last run, that of the first tokens
// of sequence s, into its caches.
func (d *decoder) remember(p *chunkProgram, r, s, tokens int) {
	past := int(d.past.I32()[s])
	for i, c := range d.caches {
		rows, all := p.rows[i].F32(), c.F32()
		width := len(rows) / len(p.x.I32())
		copy(all[(s*d.length+past)*width:], rows[r*p.n*width:][:tokens*width])
	}
}

// last returns the logits (V) behind so many tokens of row r of the last run.
func (p *chunkProgram) last(r, tokens int) []float32 {
	all := p.logits.F32()
	v := len(all) / len(p.x.I32())
	return all[(r*p.n+tokens-1)*v:][:v]
}
