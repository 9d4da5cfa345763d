package optim

// Beta returns the decay rate of the optimizer's average of gradients: μ of SGD
// and Muon, β₁ of Adam and its relatives, β₂ of Lion. It is that of the first such link
// of the chains, and 0 without one.
func (o Optimizer) Beta() float64 {
	for _, chain := range o.chains() {
		for _, t := range chain {
			if m, ok := t.(interface{ momentum() float64 }); ok {
				return m.momentum()
			}
		}
	}
	return 0
}

func (r Trace) momentum() float64             { return r.Mu }
func (a ScaleByAdam) momentum() float64       { return a.Beta1 }
func (a ScaleByNAdam) momentum() float64      { return a.Beta1 }
func (a ScaleByRAdam) momentum() float64      { return a.Beta1 }
func (a ScaleBySparseAdam) momentum() float64 { return a.Beta1 }
func (l SignByLion) momentum() float64        { return l.Beta2 }
func (o Orthogonalize) momentum() float64     { return o.Mu }
