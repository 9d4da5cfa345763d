package optim

import "github.com/descent-ml/descent/graph"

// ScaleByTrustRatio multiplies the direction by k·‖p‖/(‖u‖ + ε), with the norms
// of the whole parameter, or by 1 if a norm is 0. Parameters with fewer than two
// axes, biases and the scales of norms, keep their direction unless All is set.
// No state.
//
// Behind AddDecay it is LARS: You, Gitman, Ginsburg, arXiv:1708.03888,
// algorithm 1, with ‖g + λ·p‖ where the paper has ‖g‖ + λ‖p‖, as in Optax. Behind
// Adam and AddDecay, with k = 1, it is LAMB: You et al., ICLR 2020, algorithm 2.
type ScaleByTrustRatio struct {
	K, Eps float64
	All    bool
}

// Update implements Transform.
func (s ScaleByTrustRatio) Update(c *Context, p, u *graph.Node) *graph.Node {
	if len(p.Shape.Dims) < 2 && !s.All {
		return u
	}
	of, by := c.norm(p), c.norm(u)
	ratio := c.Div(c.Mul(c.Const64(s.K), of), c.Add(by, c.Const64(s.Eps)))
	both := c.Gt(c.Min(of, by), c.Const64(0))
	return c.Mul(c.scalar(c.Select(both, ratio, c.Const64(1))), u)
}

// Validate reports an impossible setting.
func (s ScaleByTrustRatio) Validate() error {
	if err := nonNegative("trust ratio", s.K); err != nil {
		return err
	}
	return nonNegative("eps", s.Eps)
}
