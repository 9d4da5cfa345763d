package config

import "github.com/descent-ml/descent/optim"

// sparseAdam is PyTorch's SparseAdam.
type sparseAdam struct{ moments }

func (a *sparseAdam) keys() fields { return a.moments.keys() }

func (a *sparseAdam) build() optim.Optimizer {
	return a.chain(optim.ScaleBySparseAdam{Beta1: a.beta1, Beta2: a.beta2, Eps: a.eps})
}

// ftrl has penalties of its own in place of a decay of weights; alpha is its
// learning rate.
type ftrl struct {
	alpha float64
	by    optim.FollowLeader
}

func (f *ftrl) keys() fields {
	return fields{
		{key: "alpha", codec: number{&f.alpha, aboveZero}},
		{key: "beta", codec: number{&f.by.Beta, zeroOrMore}},
		{key: "l1", codec: number{&f.by.L1, zeroOrMore}},
		{key: "l2", codec: number{&f.by.L2, zeroOrMore}},
	}
}

func (f *ftrl) build() optim.Optimizer {
	return optim.Optimizer{LR: f.alpha, Chain: []optim.Transform{f.by}}
}
