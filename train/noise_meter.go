package train

import (
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// noiseMeter measures the noise of gradients in a run.
type noiseMeter struct {
	by     NoiseBy
	params []squares
	weight *tensor.Tensor // Σ w of the first half, or how many examples have a weight
	group  int            // the first half is a multiple of it
	every  int            // updates; 0: by the cost
	cost   meterCost
	pieces batch.Pieces // memory of a measurement
}

// squares are what the program gives of a parameter: see the names of outputs.
type squares struct {
	name  string
	whole *tensor.Tensor
	parts [2]*tensor.Tensor // the halves, or the terms of examples and nil
}

// newNoiseMeter reads the outputs of a program for batches of at most size examples;
// nil if the run has no meter.
func newNoiseMeter(c *Config, g *graph.Graph, p engine.Program, size int) *noiseMeter {
	if !c.measuresNoise() {
		return nil
	}
	plan := p.Plan()
	m := &noiseMeter{by: c.Noise.By, group: plan.Group, every: int(c.Noise.Every.N), cost: meterCostOf(plan)}
	names, room := [2]string{outFirst, outRest}, 2
	m.weight = p.Output(outFirstWeight)
	if m.by == ByExamples {
		names, room = [2]string{outTerms}, size
		m.weight = p.Output(outCount)
	}
	for _, out := range g.Outputs {
		name, ok := strings.CutPrefix(out.Name, outWhole)
		if !ok {
			continue
		}
		m.params = append(m.params, squares{name, p.Output(out.Name), [2]*tensor.Tensor{p.Output(names[0] + name), p.Output(names[1] + name)}})
	}
	m.pieces = batch.Pieces{N: make([]float64, room), Squares: make([]float64, room)}
	return m
}

// border returns where the first piece of a batch of n examples ends: an example, or
// one of several shards; 0 if there are no two pieces. Of a batch that is measured by
// examples it is the end: nothing needs a mark.
func (m *noiseMeter) border(n, shards int) int {
	switch {
	case m.by == ByExamples && n < 3:
		return 0
	case m.by == ByExamples && shards == 1:
		return n
	case m.by == ByExamples:
		return shards
	case shards == 1:
		return n / 2 / m.group * m.group
	case shards/2*n/shards == 0:
		return 0
	}
	return shards / 2
}

// noiseState is what the meter remembers. It is part of the loop's state.
type noiseState struct {
	Noise    batch.Noise   `json:"noise,omitzero"`
	Layers   []batch.Noise `json:"layers,omitempty"` // by parameter, if asked for
	Update   uint64        `json:"update,omitempty"` // of the last measurement, counted from 1
	Examples uint64        `json:"examples,omitempty"`
}

const (
	dense   = 50 // measurements are up to four times as dense as the others
	opening = 10 // are of one update after the other: before them nothing can be decided
)

// due returns the border of the next batch, of n examples, if it is to be measured;
// else 0.
func (l *loop) due(n int) int {
	m := l.meter
	if m == nil {
		return 0
	}
	every := uint64(m.every)
	if every == 0 {
		every = m.cost.every(n)
		if l.Measured.Noise.Samples() < dense {
			every = (every + 3) / 4
		}
		if l.Measured.Noise.Samples() < opening {
			every = 1
		}
	}
	if l.pos.Update+1 < l.Measured.Update+every {
		return 0
	}
	return m.border(n, max(l.cfg.Shards, 1))
}

// takeNoise measures the batch of n examples that was executed, the next to count.
func (l *loop) takeNoise(n int) {
	m, weight := l.meter, l.weightSum.F64()[0]
	if !m.measurable(weight) {
		return
	}
	now := l.pos.Examples + uint64(n)
	since := float64(now - l.Measured.Examples)
	l.Measured.Update, l.Measured.Examples = l.pos.Update+1, now
	if l.cfg.Noise.Layers && l.Measured.Layers == nil {
		l.Measured.Layers = make([]batch.Noise, len(m.params))
	}
	total := sumSquares{}
	for i := range m.params {
		s := m.params[i].read()
		total.add(s)
		if l.cfg.Noise.Layers {
			l.Measured.Layers[i] = l.Measured.Layers[i].Add(m.piecesOf(s, weight, n), since)
		}
	}
	l.Measured.Noise = l.Measured.Noise.Add(m.piecesOf(total, weight, n), since)
}

// measurable reports whether a batch has two pieces with a weight, of Σw in all.
func (m *noiseMeter) measurable(weight float64) bool {
	if m.by == ByExamples {
		return m.weight.F64()[0] > 2
	}
	first := m.weight.F64()[0]
	return first != 0 && first != weight
}

// sumSquares are squares of one parameter or of several.
type sumSquares struct {
	parts [2]float64
	whole float64
}

func (s *squares) read() sumSquares {
	r := sumSquares{whole: s.whole.F64()[0]}
	for i, t := range s.parts {
		if t != nil {
			r.parts[i] = t.F64()[0]
		}
	}
	return r
}

func (s *sumSquares) add(t sumSquares) {
	s.parts[0], s.parts[1], s.whole = s.parts[0]+t.parts[0], s.parts[1]+t.parts[1], s.whole+t.whole
}

// piecesOf makes squares of sums those of means, of a batch of n examples with the
// weight Σw. They are valid until the next call.
//
// By examples there are J = how many have a weight. What Pieces.Estimate uses of them
// is J and Σ nᵢ‖ḡᵢ‖² = n/Σw·Σ ‖gᵢ‖²/wᵢ, so all are given the same nᵢ and ‖ḡᵢ‖².
func (m *noiseMeter) piecesOf(s sumSquares, weight float64, n int) batch.Pieces {
	p := batch.Pieces{N: m.pieces.N, Squares: m.pieces.Squares, Whole: s.whole / float64(weight*weight)}
	if m.by == ByExamples {
		j := int(m.weight.F64()[0])
		p.N, p.Squares = p.N[:j], p.Squares[:j]
		for i := range p.N {
			p.N[i], p.Squares[i] = float64(n)/float64(j), s.parts[0]/weight
		}
		return p
	}
	first := m.weight.F64()[0]
	rest := weight - first
	p.N[0] = first / weight * float64(n)
	p.N[1] = float64(n) - p.N[0]
	p.Squares[0], p.Squares[1] = s.parts[0]/float64(first*first), s.parts[1]/float64(rest*rest)
	return p
}

// noiseValues are what records have of the noise. What is not finite, such as a
// noise scale above what was resolved, is written as null.
func (l *loop) noiseValues() (values report.Values) {
	n := l.Measured.Noise
	if n.Samples() == 0 {
		return nil
	}
	scale, _ := n.Scale()
	low, high := n.Interval()
	values = report.Values{{Name: "noise_scale", V: scale}, {Name: "noise_low", V: low}, {Name: "noise_high", V: high},
		{Name: "noise_s", V: n.S()}, {Name: "noise_q", V: n.Q()}}
	for i, layer := range l.Measured.Layers {
		scale, _ := layer.Scale()
		values = append(values, report.Value{Name: "noise_scale." + l.meter.params[i].name, V: scale})
	}
	return values
}
