package numtest

import (
	"testing"

	"github.com/descent-ml/descent/graph"
)

// TestGoldenRotary compares rotary positions, and their gradient, with those of
// Hugging Face's Llama in float64.
func TestGoldenRotary(t *testing.T) {
	var file struct {
		Cases []struct {
			Name   string
			Config struct {
				Heads, Dim    int
				Base, Segment float64
			}
			Inputs     struct{ X, Past array }
			Output, Dy array
			Grads      struct{ X array }
		}
	}
	readGolden(t, "rotary.json", &file)
	if len(file.Cases) < 5 {
		t.Fatalf("%d cases, want more", len(file.Cases))
	}
	for _, c := range file.Cases {
		m := NewMaker(c.Name, 1)
		x := m.given(c.Inputs.X)
		y := m.Rotary(x, m.givenIndex(c.Inputs.Past), segmentOf(m, c.Config.Segment), c.Config.Heads, c.Config.Dim, c.Config.Base)
		m.Output("y", y)
		m.Output("dx", m.Gradient(m.Mul(y, m.given(c.Dy)), []*graph.Node{x})[0])
		g, err := m.Build()
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Oracle(g)
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, c.Name+": output", p.OutputF64("y"), c.Output.Data)
		compareGolden(t, c.Name+": gradient", p.OutputF64("dx"), c.Grads.X.Data)
	}
}
