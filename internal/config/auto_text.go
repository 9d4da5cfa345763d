package config

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/nn"
)

// The automatic model of texts: sizes that were chosen on validation rows of
// TREC, MR, SMS spam and IMDB (docs/text.md).
const (
	autoTextWindow = 3
	autoTextDrop   = 0.5
	autoTextStd    = 0.1 // of embeddings at first
	leastText      = 1000
	fewestEpochs   = 4
	mostTextEpochs = 30
)

type textSize struct{ tokens, dim, filters, buckets int }

// textSizes are sizes by the tokens of a text: in long texts the bag has more
// pairs of words to tell apart, and the convolution more to do.
var textSizes = []textSize{{128, 64, 100, 1 << 16}, {math.MaxInt, 32, 64, 1 << 18}}

// autoText returns the model that texts of at most so many tokens are classified
// by without more: a linear model of words and pairs of words, which is strong
// where texts are few or long (Wang, Manning, ACL 2012), and added to it a
// convolution over three words with the maximum over the text, which sees order
// and what words have in common (Kim, EMNLP 2014). They are trained together
// (Cheng et al. 2016).
func autoText(tokens int) []Layer {
	size := textSizes[slices.IndexFunc(textSizes, func(s textSize) bool { return tokens <= s.tokens })]
	layer := func(kind string, o layerOptions) Layer { return Layer{Kind: kind, Options: o} }
	e, w, filters := newEmbedding(), &window{autoTextWindow}, newDense()
	wide := newBag()
	e.dim, filters.out, wide.buckets = size.dim, size.filters, size.buckets
	e.init = initializer{"normal", &pair{[2]string{"mean", "std"}, 0, autoTextStd, zeroOrMore, nn.Normal}}
	deep := layer("sequential", &group{make: nn.Sequential, list: []Layer{
		layer("embedding", e), layer("window", w), layer("dense", filters), newLayer("relu"), newLayer("max_pool"),
		layer("dropout", &scaled{"rate", autoTextDrop, fraction, nn.Dropout}), newLayer("dense"),
	}})
	return []Layer{layer("sum", &group{make: nn.Sum, list: []Layer{deep, layer("bag", wide)}})}
}

// settleTextLength makes the batch and the budget of the automatic model: about
// a thousand updates, in no fewer passes than four and no more than thirty.
func (c *Config) settleTextLength(examples int) {
	if !c.batchGiven {
		c.Batch = min(64, examples)
		if examples > 16_000 {
			c.Batch = 128
		}
	}
	if !c.budgetGiven {
		epochs := 1 + (leastText-1)/c.updates(examples)
		c.Budget = batch.Epochs(float64(max(fewestEpochs, min(epochs, mostTextEpochs))))
	}
}
