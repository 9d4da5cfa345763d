package train

import (
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// Models of text in the matrix: a language model over windows the last tokens
// of which are padding, with segments that grow; and a classifier of texts of
// different lengths, whose batch norm makes attention a matter of several
// passes, shards and workers; and one of them that reads one token after the
// other, in both directions.
var matrixTextModels = []matrixModel{
	{
		name: "gpt",
		model: nn.GPT(nn.GPTConfig{
			Vocab: tokenKinds, Context: window, Layers: 2, Heads: 4, KVHeads: 2, Dim: 16, Hidden: 10, Dropout: 0.1,
			Norm: "rms", MLP: "swiglu", Positions: "rotary", Tied: true,
		}),
		loss:      nn.CrossEntropy(),
		optimizer: optim.AdamW(0.01).WithGroups(optim.NoDecay()).WithClipNorm(1),
		examples:  windowExamples,
		batch:     aboveTextLeaf,
		warmup:    SequenceWarmup{From: 3, Over: 0.5},
	},
	{
		name: "encoder",
		model: nn.Sequential(nn.Encoder(nn.EncoderConfig{
			Vocab: tokenKinds, Context: window, Layers: 1, Heads: 2, Dim: 8, Hidden: 11, Dropout: 0.1, WordDropout: 0.1,
			Bias: true, Norm: "layer", MLP: "gelu", Positions: "learned", Pool: "mean",
		}), nn.BatchNorm(), nn.Dense(3)),
		loss:      nn.CrossEntropy(),
		optimizer: optim.AdamW(0.02),
		examples:  textExamples,
		batch:     aboveTextLeaf,
		barriers:  true,
	},
	{
		name: "recurrent",
		model: nn.Sequential(nn.Embedding(tokenKinds, 6), nn.Positions(), nn.Window(3), nn.Dense(9), nn.ReLU(), nn.LSTM(5).Bidirectional(),
			nn.Dropout(0.1), nn.GRU(7), nn.MaxPool(), nn.Dense(3)),
		loss:      nn.CrossEntropy(),
		optimizer: optim.AdamW(0.02).WithClipNorm(1),
		examples:  textExamples,
		batch:     aboveTextLeaf,
	},
}

// window is how many positions an example has: leaves of 64 examples.
const window = 8

var aboveTextLeaf = matrixBatch{70, 170}

// windowExamples are windows in which most tokens follow from the one before.
// Of every fifth a part at the end has weight 0.
func windowExamples(t testing.TB, n int) dataset.Dataset {
	s := rng.NewStream(1, "matrix gpt")
	x, y, w := make([]int32, n*window), make([]int32, n*window), make([]float32, n*window)
	for i := range n {
		token := int32(s.Uint32() % tokenKinds)
		for j := range window {
			x[i*window+j] = token
			if token = (3*token + 1) % tokenKinds; s.Uint32()%4 == 0 {
				token = int32(s.Uint32() % tokenKinds)
			}
			y[i*window+j] = token
			if i%5 > 0 || j < 1+i%window {
				w[i*window+j] = 1
			}
		}
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, window)}, dataset.Column{Name: "y", Data: tensor.Of(y, n, window)},
		dataset.Column{Name: "weight", Data: tensor.Of(w, n, window)})
}

// textExamples are texts of 1 to 8 tokens, whose class is that of their first
// and last token.
func textExamples(t testing.TB, n int) dataset.Dataset {
	s := rng.NewStream(1, "matrix encoder")
	x, length, y := make([]int32, n*window), make([]int32, n), make([]int32, n)
	for i := range n {
		length[i] = 1 + int32(s.Uint32()%window)
		text := x[i*window:][:length[i]]
		for j := range text {
			text[j] = int32(s.Uint32() % tokenKinds)
		}
		y[i] = (text[0] + text[len(text)-1]) % 3
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, window)}, dataset.Column{Name: "length", Data: tensor.Of(length)},
		dataset.Column{Name: "y", Data: tensor.Of(y)})
}
