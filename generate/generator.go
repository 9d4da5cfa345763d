package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tokenizer"
)

// Config sets up a generator.
type Config struct {
	Context   int // positions that the model sees: at most what it was made for
	Sequences int // written at once; 0: 1
}

// Generator writes texts. It is not safe for concurrent use.
type Generator struct {
	tokenizer tokenizer.Tokenizer
	decoder   *decoder
	sampler   *Sampler
	sequences []sequence // of the group that is being written
	pieces    []Piece    // of the current step
	rows      int        // sequences at once
}

// New returns a generator for a language model, i32 (T) to logits (T, V), whose
// parameters are in vars: what is written there is used from the next token on.
func New(eng engine.Engine, vars engine.Vars, model nn.Layer, t tokenizer.Tokenizer, c Config) (*Generator, error) {
	if c.Sequences == 0 {
		c.Sequences = 1
	}
	if c.Context < 1 || c.Sequences < 0 {
		return nil, fmt.Errorf("generate: a context of %d for %d sequences (want at least 1)", c.Context, c.Sequences)
	}
	d, err := newDecoder(eng, vars, model, c.Sequences, c.Context)
	if err != nil {
		return nil, err
	}
	if v := d.vocabulary(); v < t.Size() {
		return nil, fmt.Errorf("generate: the model has %d tokens, its tokenizer %d", v, t.Size())
	}
	s, err := NewSampler(Sampling{}, t.Size())
	return &Generator{tokenizer: t, decoder: d, sampler: s, rows: c.Sequences}, err
}

// Generate continues a prompt. Pieces come as soon as they are certain; the
// last has an Ending. An error is the last that comes: of the options, of a
// prompt with a character that the tokenizer does not know, of weights that
// give no finite logits, or the cause of ctx.
//
// An empty prompt stands for the token between documents, or, without one, for
// the end of a line, or, in a text of one line, for a space.
func (g *Generator) Generate(ctx context.Context, prompt string, o Options) iter.Seq2[Piece, error] {
	return g.GenerateAll(ctx, []string{prompt}, o)
}

// GenerateAll is Generate for several prompts. As many are continued at once as
// the generator has sequences, and their pieces come in turn. Sequence number i
// draws other tokens for the same prompt than number j; what the others are does
// not matter to it.
func (g *Generator) GenerateAll(ctx context.Context, prompts []string, o Options) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		if o.Tokens == 0 {
			o.Tokens = Defaults().Tokens
		}
		texts, err := g.prepare(prompts, &o)
		for first := 0; first < len(texts) && err == nil; first += g.rows {
			g.begin(first, texts[first:min(first+g.rows, len(texts))], &o)
			err = g.write(ctx, &o, yield)
		}
		if err != nil && err != errNoMore {
			yield(Piece{}, err)
		}
	}
}

// errNoMore says that the caller wants no more pieces.
var errNoMore = errors.New("no more")

// prepare checks the options and returns the tokens of the prompts.
func (g *Generator) prepare(prompts []string, o *Options) ([][]int32, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	texts := make([][]int32, len(prompts))
	for i, p := range prompts {
		var err error
		if texts[i], err = g.encode(p, o.Tokens); err != nil {
			return nil, fmt.Errorf("generate: prompt %d: %w", i, err)
		}
	}
	return texts, g.sampler.Reset(o.Sampling)
}

// CheckPrompt says whether a prompt can be continued: the error names the first
// character that the tokenizer does not know.
func (g *Generator) CheckPrompt(prompt string) error {
	_, err := g.encode(prompt, 0)
	if err != nil {
		err = fmt.Errorf("generate: the prompt: %w", err)
	}
	return err
}

// encode returns the tokens of a prompt, with room for many that follow.
func (g *Generator) encode(prompt string, more int) ([]int32, error) {
	more = min(more, 1<<16)
	if prompt == "" {
		return append(make([]int32, 0, 1+more), beginning(g.tokenizer)), nil
	}
	tokens, err := g.tokenizer.Append(make([]int32, 0, len(prompt)+more), prompt)
	if err == nil && len(tokens) == 0 {
		err = errors.New("it has no tokens")
	}
	return tokens, err
}

// beginning is the token that an empty prompt stands for: that between
// documents, else the end of a line, else a space, else the first that is text.
func beginning(t tokenizer.Tokenizer) int32 {
	if end := t.EndOfText(); end >= 0 {
		return end
	}
	for _, text := range []string{"\n", " "} {
		if tokens, err := t.Append(nil, text); err == nil && len(tokens) == 1 {
			return tokens[0]
		}
	}
	for id := range int32(t.Size()) {
		if len(t.AppendToken(nil, id)) > 0 {
			return id
		}
	}
	return 0
}

// begin makes the texts, the first of which has the given number, the group
// that is written.
func (g *Generator) begin(first int, texts [][]int32, o *Options) {
	g.sequences = g.sequences[:0]
	for i, t := range texts {
		g.sequences = append(g.sequences, sequence{number: first + i, tokens: t, prompt: len(t), stream: newStream(g.tokenizer, o.Stop)})
	}
}

// write writes the group to its end.
func (g *Generator) write(ctx context.Context, o *Options, yield func(Piece, error) bool) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		g.pieces = g.pieces[:0]
		if err := g.step(o); err != nil {
			return err
		}
		for _, p := range g.pieces {
			if !yield(p, nil) {
				return errNoMore
			}
		}
		if g.done() {
			return nil
		}
	}
}

func (g *Generator) done() bool {
	for i := range g.sequences {
		if !g.sequences[i].ended {
			return false
		}
	}
	return true
}

// step gives every sequence its next token, or, while a prompt is longer than a
// chunk, the sequences whose prompts are read to the end. Sequences with something to
// read that lie side by side are run at once.
func (g *Generator) step(o *Options) error {
	length := g.decoder.length
	for first := 0; first < len(g.sequences); {
		last, most := first, 0
		for ; last < len(g.sequences); last++ {
			n := g.sequences[last].pending(length)
			if n == 0 {
				break
			}
			most = max(most, n)
		}
		if last > first {
			if err := g.run(first, last, g.decoder.choose(most), o); err != nil {
				return err
			}
		}
		first = last + 1
	}
	return nil
}

// run reads a chunk of each of the sequences [first, last), and draws the next
// token of those that are read to the end.
func (g *Generator) run(first, last int, p *chunkProgram, o *Options) error {
	for i := first; i < last; i++ {
		s := &g.sequences[i]
		g.decoder.set(p, i, s.tokens[s.start+s.cached:], s.cached)
	}
	p.run(first, last)
	for i := first; i < last; i++ {
		s := &g.sequences[i]
		n := min(p.n, len(s.tokens)-s.start-s.cached)
		g.decoder.remember(p, i-first, i, n)
		if s.cached += n; s.start+s.cached < len(s.tokens) {
			continue
		}
		logits := p.last(i-first, n)[:g.tokenizer.Size()]
		id, err := g.sampler.Sample(logits, s.tokens, uint64(s.number), uint64(len(s.tokens)))
		if err != nil {
			return s.failure(err)
		}
		g.pieces = append(g.pieces, s.adopt(id, g.tokenizer.EndOfText(), o))
	}
	return nil
}
