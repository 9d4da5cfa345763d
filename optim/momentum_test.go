package optim

import "testing"

func TestBetaIsThatOfTheAverageOfGradients(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Optimizer
		want float64
	}{
		{"plain SGD", SGD(0.1), 0},
		{"momentum", SGD(0.1).Momentum(0.8), 0.8},
		{"Adam", Adam(1e-3), 0.9},
		{"AdamW with its own betas", AdamW(1e-3).Betas(0.95, 0.999), 0.95},
		{"Lion", Lion(1e-4), 0.99},
		{"RMSProp", RMSProp(1e-3), 0},
		{"a group alone", Optimizer{LR: 1, Groups: []Group{{Chain: []Transform{DefaultMuon()}}}}, 0.95},
	} {
		if got := c.o.Beta(); got != c.want {
			t.Errorf("%s: β %v, want %v", c.name, got, c.want)
		}
	}
}
