package nn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// decoding runs the graphs of a Decoder, with its caches, for a batch.
type decoding struct {
	t      *testing.T
	model  nn.Layer
	eng    engine.Engine
	values map[string][]float32
	rows   int // examples
	length int // of the caches
	past   int
	caches [][]float32 // of each layer: (rows, length, width)
}

// step feeds n tokens of each example and returns their scores.
func (d *decoding) step(tokens [][]int32) []float32 {
	n := len(tokens[0])
	g, widths, err := nn.Decoder(d.model, n, d.length)
	if err != nil {
		d.t.Fatal(err)
	}
	for len(d.caches) < len(widths) {
		d.caches = append(d.caches, make([]float32, d.rows*d.length*widths[len(d.caches)]))
	}
	p := d.compile(g)
	in := map[string]*tensor.Tensor{"x": tensor.New(tensor.I32, d.rows, n), "position": tensor.New(tensor.I32, d.rows, n), "past": tensor.New(tensor.I32, d.rows)}
	for r := range d.rows {
		copy(in["x"].I32()[r*n:], tokens[r])
		in["past"].I32()[r] = int32(d.past)
		for i := range n {
			in["position"].I32()[r*n+i] = int32(d.past + i)
		}
	}
	for i, w := range widths {
		in[fmt.Sprintf("cache.%d", i)] = tensor.Of(d.caches[i], d.rows, d.length, w)
	}
	inputs := make([]*tensor.Tensor, len(g.Inputs))
	for i, node := range g.Inputs {
		inputs[i] = in[node.Attr.Name]
	}
	whole(p, inputs, len(g.Scalars), d.rows)
	for i, w := range widths {
		rows := p.Output(fmt.Sprintf("cache.%d", i)).F32()
		for r := range d.rows {
			copy(d.caches[i][(r*d.length+d.past)*w:], rows[r*n*w:(r+1)*n*w])
		}
	}
	d.past += n
	return p.Output("pred").F32()
}

// compile compiles a graph with the values of the decoding.
func (d *decoding) compile(g *graph.Graph) engine.Program {
	vars, p := compileGraph(d.t, d.eng, g, d.rows)
	for _, v := range g.Vars {
		if err := vars.Write(v.Attr.Name, tensor.Of(d.values[v.Attr.Name], v.Shape.Dims...)); err != nil {
			d.t.Fatal(err)
		}
	}
	return p
}

// TestDecoder: scores have the bits of the whole forward pass, however a text
// is cut, but for the sign of zero.
func TestDecoder(t *testing.T) {
	e, err := cpu.New(cpu.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const rows, n, vocab = 3, 12, 7
	texts := make([][]int32, rows)
	for r := range texts {
		for i := range n {
			texts[r] = append(texts[r], int32((r+3*i+i*i)%vocab))
		}
	}
	gpt := func(change func(c *nn.GPTConfig)) nn.Layer { return nn.GPT(tinyGPT(change)) }
	for name, model := range map[string]nn.Layer{
		"learned":    gpt(func(c *nn.GPTConfig) {}),
		"sinusoidal": gpt(func(c *nn.GPTConfig) { c.Positions = "sinusoidal" }),
		"rotary":     gpt(llamaForm),
		"multiquery": gpt(func(c *nn.GPTConfig) { c.Heads, c.KVHeads, c.Positions = 4, 1, "rotary" }),
		"recurrent":  nn.Sequential(nn.Embedding(vocab, 6), nn.Positions(), nn.LSTM(5), nn.GRU(4), nn.Dense(vocab)),
	} {
		d := &decoding{t: t, model: model, eng: e, rows: rows, length: n}
		g, err := nn.Forward(d.model, tokens(n))
		if err != nil {
			t.Fatal(err)
		}
		d.values = initial(t, g)
		flat := tensor.New(tensor.I32, rows, n)
		for r := range rows {
			copy(flat.I32()[r*n:], texts[r])
		}
		p := d.compile(g)
		whole(p, []*tensor.Tensor{flat}, 0, rows)
		want := p.Output("pred").F32()
		for _, cut := range [][]int{{12}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {5, 1, 6}, {2, 7, 1, 1, 1}} {
			d.past, d.caches = 0, nil
			for _, k := range cut {
				from, part := d.past, make([][]int32, rows)
				for r := range part {
					part[r] = texts[r][from : from+k]
				}
				got := d.step(part)
				for r := range rows {
					for i := range k * vocab {
						if w := want[(r*n+from)*vocab+i]; got[r*k*vocab+i] != w {
							t.Fatalf("%s, cut %v, text %d: score %d behind %d tokens is %v, want %v", name, cut, r, i, from, got[r*k*vocab+i], w)
						}
					}
				}
			}
		}
	}
}

// initial draws the first values of the variables of a graph.
func initial(t *testing.T, g *graph.Graph) map[string][]float32 {
	values := map[string][]float32{}
	for _, v := range g.Vars {
		x := make([]float32, v.Shape.Size())
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, 1, v.Attr.Name, x); err != nil {
			t.Fatal(err)
		}
		values[v.Attr.Name] = x
	}
	return values
}

func TestDecoderMistakes(t *testing.T) {
	for want, f := range map[string]func() error{
		"0 new tokens and a cache of 4 positions":  func() error { _, _, err := nn.Decoder(nn.GPT(tinyGPT()), 0, 4); return err },
		"a cache of 13 tokens and a context of 12": func() error { _, _, err := nn.Decoder(nn.GPT(tinyGPT()), 1, 13); return err },
		"needs a whole text": func() error {
			for _, l := range []nn.Layer{nn.LSTM(2).Bidirectional(), nn.GRU(2).Reverse(), nn.Window(3)} {
				if _, _, err := nn.Decoder(nn.Sequential(nn.Embedding(5, 4), l), 1, 8); err == nil {
					return nil
				}
			}
			_, _, err := nn.Decoder(nn.Sequential(nn.Embedding(5, 4), nn.MeanPool()), 1, 8)
			return err
		},
		"attention that is not causal": func() error {
			_, _, err := nn.Decoder(nn.Sequential(nn.Embedding(5, 4), nn.Attention(2)), 1, 8)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
