package config

import (
	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/nn"
)

// autoPairs is the model without more: matrix factorization, of which well tuned no
// other is found to be better (Rendle, Krichene, Zhang, Anderson, RecSys 2020).
// Vectors that predict ratings begin small: biases are learned first.
func autoPairs(explicit bool) []Layer {
	f := &factorization{interaction: newInteraction()}
	if f.dim = 64; explicit {
		f.init = initializer{"normal", &pair{[2]string{"mean", "std"}, 0, autoRatingStd, zeroOrMore, nn.Normal}}
	}
	return []Layer{{Kind: "mf", Options: f}}
}

const autoRatingStd = 0.01

// pairsBatch is the batch of so many examples of a recommender.
func (c *Config) pairsBatch(examples int) int {
	switch form := c.exampleForm(); {
	case examples > 20_000_000:
		return 4096
	case form == formRating && examples < 1_000_000:
		return min(512, examples)
	}
	return min(1024, examples)
}

// settlePairsLength makes the batch and the budget of a recommender.
func (c *Config) settlePairsLength(examples int) {
	if !c.batchGiven {
		c.Batch = c.pairsBatch(examples)
		c.settleSize()
	}
	if !c.budgetGiven {
		c.Budget = batch.Epochs(20)
	}
}
