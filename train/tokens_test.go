package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// windows are n examples of a language model over 5 tokens that count up, of t
// positions.
func windows(t *testing.T, n, length int) dataset.Dataset {
	x, y := tensor.New(tensor.I32, n, length), tensor.New(tensor.I32, n, length)
	for i := range n * length {
		x.I32()[i], y.I32()[i] = int32(i%5), int32((i+1)%5)
	}
	ds, err := dataset.New(dataset.Column{Name: "x", Data: x}, dataset.Column{Name: "y", Data: y})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// bigram scores the next token by the one before it.
func bigram() nn.Layer {
	return nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node { return c.Apply("next", nn.Embedding(5, 5), x) })
}

func bigramConfig(t *testing.T) Config {
	return Config{
		Model: bigram(), Data: windows(t, 20, 8), Loss: nn.CrossEntropy(), Optimizer: optim.Adam(0.1),
		Batch: batch.Fixed(4), Budget: batch.Tokens(8 * 4 * 30), LogEvery: batch.Tokens(8 * 4 * 10), Out: NoOut,
	}
}

// TestTokens: a budget and a log in tokens are the same as in examples of so
// many tokens, and what is reported counts them.
func TestTokens(t *testing.T) {
	c := bigramConfig(t)
	c.Optimizer = c.Optimizer.WithSchedule(optim.Cosine(0))
	inTokens, err := Fit(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	s := inTokens.Summary
	if s.Updates != 30 || s.Examples != 120 || s.Tokens != 960 || s.TokensPerSecond <= s.ExamplesPerSecond {
		t.Errorf("%d updates, %d examples, %d tokens at %v/s", s.Updates, s.Examples, s.Tokens, s.TokensPerSecond)
	}
	if h := inTokens.History; len(h) != 3 || h[2].Tokens != 960 {
		t.Errorf("records %+v", h)
	}
	c.Budget, c.LogEvery = batch.Examples(120), batch.Examples(40)
	inExamples, err := Fit(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := s.Fingerprint, inExamples.Summary.Fingerprint; a != b {
		t.Errorf("a budget in tokens gives %s, in examples %s", a, b)
	}
}

// TestTokensShown: people see tokens a second.
func TestTokensShown(t *testing.T) {
	var out strings.Builder
	c := bigramConfig(t)
	c.Progress = report.NewProgress(&out, report.Lines)
	if _, err := Fit(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"20 windows of 8 tokens", "960 tokens in", "tok/s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestTokensOfAnExample: an example of other data is one token.
func TestTokensOfAnExample(t *testing.T) {
	y := func(d tensor.DType, shape ...int) dataset.Dataset {
		ds, err := dataset.New(dataset.Column{Name: "y", Data: tensor.New(d, append([]int{3}, shape...)...)})
		if err != nil {
			t.Fatal(err)
		}
		return ds
	}
	for _, c := range []struct {
		ds   dataset.Dataset
		want int
	}{{y(tensor.I32, 8), 8}, {y(tensor.I32), 1}, {y(tensor.I32, 1), 1}, {y(tensor.F32, 8), 1}} {
		if got := tokensOf(c.ds); got != c.want {
			t.Errorf("an example with %v counts as %d tokens, want %d", c.ds.Fields(), got, c.want)
		}
	}
}

// padded is a text of 10 tokens in 2 windows of 8: the last 6 have no weight.
type padded struct {
	dataset.Dataset
	t *testing.T
}

func newPadded(t *testing.T) padded {
	x, y, w := tensor.New(tensor.I32, 2, 8), tensor.New(tensor.I32, 2, 8), tensor.New(tensor.F32, 2, 8)
	for i := range 10 {
		x.I32()[i], y.I32()[i], w.F32()[i] = int32(i%5), int32((i+1)%5), 1
	}
	ds, err := dataset.New(dataset.Column{Name: "x", Data: x}, dataset.Column{Name: "y", Data: y}, dataset.Column{Name: "weight", Data: w})
	if err != nil {
		t.Fatal(err)
	}
	return padded{ds, t}
}

func (padded) Units() (string, int) { return "byte", 20 }

// TestValidateTokens: validation counts each token of a padded text once, and
// tells bits of a unit of the text, perplexity and baselines.
func TestValidateTokens(t *testing.T) {
	c := bigramConfig(t)
	c.Val = newPadded(t)
	r, err := Fit(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	val := r.Summary.Val
	loss, _ := val.Get("loss")
	for name, want := range map[string]float64{"bits_per_byte": loss * 10 / (math.Ln2 * 20), "perplexity": math.Exp(loss), "accuracy": 1} {
		if got, ok := val.Get(name); !ok || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s is %v, want %v (of %v)", name, got, want, val)
		}
	}
	// All five tokens are as frequent here as in the training data.
	for name, want := range map[string]float64{"loss": math.Log(5), "uniform": math.Log(5), "bits_per_byte": math.Log2(5) / 2} {
		if got, _ := r.Summary.Baseline.Get(name); math.Abs(got-want) > 1e-3 {
			t.Errorf("baseline %s is %v, want %v", name, got, want)
		}
	}
}

// TestTokenWeights: a weight below 0 of a token is an error that names its example.
func TestTokenWeights(t *testing.T) {
	p := newPadded(t)
	all := dataset.NewBuffers(p.Fields(), 2)
	if err := p.Gather(all, 0, []int{0, 1}); err != nil {
		t.Fatal(err)
	}
	all[2].F32()[12] = -1
	bad, err := dataset.New(dataset.Column{Name: "x", Data: all[0]}, dataset.Column{Name: "y", Data: all[1]}, dataset.Column{Name: "weight", Data: all[2]})
	if err != nil {
		t.Fatal(err)
	}
	c := bigramConfig(t)
	c.Data, c.Batch = bad, batch.Fixed(2)
	if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "example 1: its weight is -1") {
		t.Errorf("got %v", err)
	}
}
