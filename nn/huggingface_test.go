package nn_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// transformers holds transformers.json: values of Hugging Face's models, and of
// PyTorch's encoder layers, in float64.
type transformers struct {
	Encoders []struct {
		PostNorm                    bool `json:"post_norm"`
		Tokens, Lengths, Output, Dy []float64
		Params, Grads               map[string][]float64
	}
	GPT2, Llama struct {
		Tokens  [][]float64
		Logits  []float64
		Float32 float64 `json:"float32_error"`
	}
	Training struct {
		Batches [][][]int32
		Losses  []float64
		Float32 float64 `json:"float32_error"`
	}
}

// goldenGPT2 is the model of gpt2.safetensors, goldenLlama that of
// llama.safetensors.
func goldenGPT2() nn.GPTConfig {
	c := nn.DefaultGPT()
	c.Vocab, c.Context, c.Layers, c.Heads, c.Dim = 65, 16, 2, 2, 32
	return c
}

func goldenLlama() nn.GPTConfig {
	return nn.GPTConfig{
		Vocab: 31, Context: 16, Layers: 2, Heads: 4, KVHeads: 2, Dim: 16, Hidden: 24,
		Norm: "rms", Eps: 1e-5, MLP: "swiglu", Positions: "rotary",
	}
}

// pretrained reads a golden file.
func pretrained(t *testing.T, file string) checkpoint.Tensors {
	t.Helper()
	ts, _, err := checkpoint.ReadTensors("../internal/numtest/golden/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// adapted returns the values of a model's variables from a file of Hugging
// Face, in the engine's layout; none may be left over.
func adapted(t *testing.T, g *graph.Graph, ts checkpoint.Tensors) map[string]*tensor.Tensor {
	t.Helper()
	layouts, left := map[string]checkpoint.Layout{}, map[string]*graph.Node{}
	for _, v := range g.Params() {
		left[v.Attr.Name] = v
		if v.Attr.Init.Transposed {
			layouts[v.Attr.Name] = checkpoint.Layout{Channels: v.Attr.Init.Channels}
		}
	}
	ours, err := checkpoint.FromFile(nn.HuggingFace(ts, func(name string) bool { return left[name] != nil }), layouts)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range ours {
		if v := left[name]; v == nil || !x.Shape().Equal(v.Shape.Dims) {
			t.Errorf("%q is %v, and the model has %v", name, x, v)
		}
		delete(left, name)
	}
	if len(left) > 0 {
		t.Errorf("the file has no %v", slices.Sorted(maps.Keys(left)))
	}
	return ours
}

// TestGoldenTransformers: the scores of Hugging Face's models, from their
// files.
func TestGoldenTransformers(t *testing.T) {
	var file transformers
	load(t, "transformers.json", &file)
	e, err := cpu.New(cpu.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for name, k := range map[string]struct {
		model  nn.GPTConfig
		tokens [][]float64
		want   []float64
		torch  float64
	}{
		"gpt2":  {goldenGPT2(), file.GPT2.Tokens, file.GPT2.Logits, file.GPT2.Float32},
		"llama": {goldenLlama(), file.Llama.Tokens, file.Llama.Logits, file.Llama.Float32},
	} {
		t.Run(name, func(t *testing.T) {
			build := func() *graph.Builder {
				b := new(graph.Builder)
				b.Output("pred", nn.NewContext(b, false, tokens(len(k.tokens[0]))).Model(nn.GPT(k.model)))
				return b
			}
			g, err := build().Build()
			if err != nil {
				t.Fatal(err)
			}
			vars := map[string][]float64{}
			for name, x := range adapted(t, g, pretrained(t, name+".safetensors")) {
				vars[name] = convert[float64](x.F32())
			}
			in := map[string][]float64{"x": slices.Concat(k.tokens...)}
			closeValues(t, "oracle", evaluate(t, build(), vars, len(k.tokens), in)["pred"], k.want, 1e-12)
			closeValues(t, "cpu", evaluateCPU(t, e, build(), vars, len(k.tokens), in)["pred"], k.want, float32Tolerance(k.torch))
		})
	}
}

// TestGoldenEncoders: outputs and gradients of encoders of PyTorch's
// TransformerEncoderLayer, over padded texts, with norms before and behind.
func TestGoldenEncoders(t *testing.T) {
	var file transformers
	load(t, "transformers.json", &file)
	for _, k := range file.Encoders {
		b := new(graph.Builder)
		c := nn.NewContext(b, true, tokens(6), textLength, nn.Input{Name: "dy", DType: tensor.F32, Shape: tensor.Shape{8}})
		y := c.Model(nn.Encoder(nn.EncoderConfig{
			Vocab: 7, Context: 6, Layers: 1, Heads: 2, Dim: 8, Hidden: 10, Bias: true, PostNorm: k.PostNorm,
			Norm: "layer", MLP: "gelu", Positions: "learned", Pool: "mean",
		}))
		b.Output("y", y)
		for i, g := range b.Gradient(b.Mul(y, c.Inputs["dy"]), c.Params()) {
			b.Output(c.Params()[i].Attr.Name, g)
		}
		got := evaluate(t, b, k.Params, len(k.Lengths), map[string][]float64{"x": k.Tokens, "length": k.Lengths, "dy": k.Dy})
		sameValues(t, "output", got["y"], k.Output)
		for name, want := range k.Grads {
			sameValues(t, "gradient of "+name, got[name], want)
		}
		if len(got) != 1+len(k.Grads) {
			t.Errorf("%d gradients, want %d", len(got)-1, len(k.Grads))
		}
	}
	if len(file.Encoders) != 2 {
		t.Errorf("%d encoders, want 2", len(file.Encoders))
	}
}

// TestHundredUpdates: same weights, same tokens, AdamW with decay of matrices
// and clipping: the losses of 100 updates are PyTorch's.
func TestHundredUpdates(t *testing.T) {
	var file transformers
	load(t, "transformers.json", &file)
	e, err := cpu.New(cpu.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for name, c := range map[string]struct {
		engine.Engine
		updates   int // the oracle is slow
		tolerance float64
	}{"oracle": {oracle.New(), 10, 1e-12}, "cpu": {e, len(file.Training.Losses), 1e-5}} {
		worst := 0.0
		for u, got := range trainedLosses(t, c.Engine, file.Training.Batches, c.updates) {
			want := file.Training.Losses[u]
			if worst = max(worst, (got-want)/want, (want-got)/want); worst > c.tolerance {
				t.Errorf("%s: the loss before update %d is %v, want %v", name, u+1, got, want)
				break
			}
		}
		t.Logf("%s: within %.2g; PyTorch's float32 within %.2g", name, worst, file.Training.Float32)
	}
}

// trainedLosses trains the golden model and returns the loss of each update.
func trainedLosses(t *testing.T, e engine.Engine, batches [][][]int32, updates int) []float64 {
	t.Helper()
	rows, n := len(batches[0]), len(batches[0][0])-1
	var b graph.Builder
	c := nn.NewContext(&b, true, tokens(n), nn.Input{Name: "y", DType: tensor.I32, Shape: tensor.Shape{n}})
	num, den, weighted := nn.Objective(c, nn.CrossEntropy(), c.Model(nn.GPT(goldenGPT2())), c.Inputs["y"], nil)
	b.Output("num", num)
	b.Output("den", den)
	o := optim.AdamW(1e-3).Betas(0.9, 0.99).WeightDecay(0.1).WithGroups(optim.NoDecay()).WithClipNorm(1)
	up, err := o.Build(&b, c.Params(), b.Gradient(weighted, c.Params()), num, den)
	if err != nil {
		t.Fatal(err)
	}
	g, vars, p := compile(t, e, &b, rows)
	for name, x := range adapted(t, g, pretrained(t, "gpt2.safetensors")) {
		if err := vars.Write(name, x); err != nil {
			t.Fatal(err)
		}
	}
	in := []*tensor.Tensor{tensor.New(tensor.I32, rows, n), tensor.New(tensor.I32, rows, n)}
	losses, scalars := make([]float64, updates), make([]float64, len(g.Scalars))
	for u := range losses {
		for r, text := range batches[u%len(batches)] {
			copy(in[0].I32()[r*n:], text[:n])
			copy(in[1].I32()[r*n:(r+1)*n], text[1:])
		}
		up.Scalars(g, scalars, optim.Progress{Update: int64(u)})
		p.Begin(0, scalars)
		p.Micro(in, 0, rows)
		p.EndPass()
		p.Finish()
		losses[u] = p.Output("num").F64()[0] / p.Output("den").F64()[0]
		p.Commit()
	}
	return losses
}

// TestHuggingFaceNames: names come with and without a prefix, with buffers, and
// with an output that is said twice; what the model has is left alone.
func TestHuggingFaceNames(t *testing.T) {
	g, err := nn.Forward(nn.GPT(goldenGPT2()), tokens(16))
	if err != nil {
		t.Fatal(err)
	}
	plain := pretrained(t, "gpt2.safetensors")
	bare := checkpoint.Tensors{}
	for name, x := range plain {
		bare[strings.TrimPrefix(name, "transformer.")] = x
	}
	buffers := maps.Clone(bare)
	for name, x := range map[string]*tensor.Tensor{
		"h.0.attn.bias": tensor.New(tensor.F32, 1, 1, 16, 16), "h.1.attn.masked_bias": tensor.Scalar[float32](-1e4),
		"lm_head.weight": plain["transformer.wte.weight"].Clone(),
	} {
		buffers[name] = x
	}
	for form, ts := range map[string]checkpoint.Tensors{"plain": plain, "bare": bare, "buffers": buffers} {
		before := maps.Clone(ts)
		got := adapted(t, g, ts)
		for name, x := range plain {
			if got[name] != x {
				t.Errorf("%s: %s is another tensor", form, name)
			}
		}
		if !maps.Equal(ts, before) {
			t.Errorf("%s: the tensors given were changed", form)
		}
	}
	other := maps.Clone(plain)
	other["lm_head.weight"] = tensor.New(tensor.F32, 65, 32)
	none := func(string) bool { return false }
	if nn.HuggingFace(other, none)["lm_head.weight"] == nil {
		t.Error("an output of its own was left out")
	}
	if got := nn.HuggingFace(buffers, func(string) bool { return true }); !maps.Equal(got, buffers) {
		t.Error("what the model has as it is was changed")
	}
}
