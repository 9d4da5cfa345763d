package train

import (
	"fmt"
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// Noise says how the noise of gradients is measured: S = tr Σ and Q = ‖G‖² of
// batch.Pieces, from the two pieces of a batch. They are its halves: the first ⌊n/2⌋
// examples, in whole groups of the model (Plan.Group), and the rest; of a batch in
// shards the first ⌊R/2⌋ of them. So what is measured depends on the batch alone.
// Nothing of it changes a weight. The zero Noise measures where a policy of batch
// sizes or a coupling of the learning rate needs it.
type Noise struct {
	Mode NoiseMode

	// Every is how many updates there are from one that is measured to the next.
	// Default: as many as keep the cost at 2 % of the time of updates or less,
	// by the counted operations and bytes of the plan; the first measurements
	// are up to four times as dense, and the first ten follow each other.
	Every batch.Span

	// Layers adds the noise scale of each parameter to the records.
	Layers bool
}

// NoiseMode says when noise is measured.
type NoiseMode uint8

const (
	NoiseAuto NoiseMode = iota // where a policy or a coupling needs it
	NoiseOn
	NoiseOff
)

// validate reports settings that cannot be.
func (n Noise) validate(needed string) error {
	switch {
	case n.Mode > NoiseOff:
		return fmt.Errorf("train: noise mode %d (want 0 to %d)", n.Mode, NoiseOff)
	case !n.Every.IsZero() && n.Every.Unit != batch.Update:
		return fmt.Errorf("train: noise measured every %v (want updates, such as 16up)", n.Every)
	case n.Mode == NoiseOff && needed != "":
		return fmt.Errorf("train: %s goes by the noise of gradients, which is not to be measured", needed)
	}
	return n.Every.Validate()
}

// String is what a checkpoint is compared by.
func (n Noise) String() string {
	return fmt.Sprintf("every %v, layers %v", n.Every, n.Layers)
}

// measuresNoise reports whether the run has a meter.
func (c *Config) measuresNoise() bool {
	return c.Noise.Mode == NoiseOn || c.Noise.Mode == NoiseAuto && c.needsNoise() != ""
}

// needsNoise says what goes by the noise of gradients, "" if nothing does.
func (c *Config) needsNoise() string {
	switch {
	case c.Batch != nil && batch.NeedsNoise(c.Batch):
		return "the batch policy " + c.Batch.String()
	case c.Optimizer.Coupling.Needs():
		return "the coupling " + c.Optimizer.Coupling.String()
	}
	return ""
}

// Names of watched outputs: f64, of the sums of gradients, before any division,
// clipping or decay; the squares are followed by the name of a parameter.
const (
	outFirstWeight = "noise/weight" // Σ w of the first piece
	outFirst       = "noise/first/" // squared norm of the first piece
	outRest        = "noise/rest/"  // of the rest
	outWhole       = "noise/whole/" // of the batch
)

// watchNoise adds what the meter reads to the graph of an update.
func watchNoise(b *graph.Builder, params, gradients []*graph.Node, weightSum *graph.Node) {
	b.Watch(outFirstWeight, graph.FirstPiece(b, []*graph.Node{weightSum})[0])
	for i, first := range graph.FirstPiece(b, gradients) {
		name := params[i].Attr.Name
		b.Watch(outFirst+name, b.SumSquares(first))
		b.Watch(outRest+name, b.SumSquares(b.Sub(gradients[i], first)))
		b.Watch(outWhole+name, b.SumSquares(gradients[i]))
	}
}

// squares are the squared norms of a parameter's gradient, as the program gives
// them.
type squares struct {
	name               string
	first, rest, whole *tensor.Tensor
}

// noiseMeter measures the noise of gradients in a run.
type noiseMeter struct {
	weight *tensor.Tensor
	params []squares
	group  int // the first piece is a multiple of it
	every  int // updates; 0: by the cost
	cost   meterCost
	pieces batch.Pieces // memory of a measurement
}

// newNoiseMeter reads the outputs of a program; nil if the run has no meter.
func newNoiseMeter(c *Config, g *graph.Graph, p engine.Program) *noiseMeter {
	if !c.measuresNoise() {
		return nil
	}
	plan := p.Plan()
	m := &noiseMeter{weight: p.Output(outFirstWeight), group: plan.Group, every: int(c.Noise.Every.N), cost: meterCostOf(plan)}
	for _, out := range g.Outputs {
		name, ok := strings.CutPrefix(out.Name, outFirst)
		if !ok {
			continue
		}
		m.params = append(m.params, squares{name, p.Output(outFirst + name), p.Output(outRest + name), p.Output(outWhole + name)})
	}
	m.pieces = batch.Pieces{N: make([]float64, 2), Squares: make([]float64, 2)}
	return m
}

// border returns where the first piece of a batch of n examples ends: an example, or
// one of several shards; 0 if there are no two pieces.
func (m *noiseMeter) border(n, shards int) int {
	if shards > 1 {
		if shards/2*n/shards == 0 {
			return 0
		}
		return shards / 2
	}
	return n / 2 / m.group * m.group
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
	first := m.weight.F64()[0]
	rest := weight - first
	if first == 0 || rest == 0 {
		return // padding alone
	}
	now := l.pos.Examples + uint64(n)
	since := float64(now - l.Measured.Examples)
	l.Measured.Update, l.Measured.Examples = l.pos.Update+1, now
	p := &m.pieces
	p.N[0] = first / weight * float64(n)
	p.N[1] = float64(n) - p.N[0]
	total := squaresOf{}
	for i := range m.params {
		s := m.params[i].read()
		total.add(s)
		if l.cfg.Noise.Layers {
			m.piecesOf(s, first, rest, weight)
			l.layer(i, since)
		}
	}
	m.piecesOf(total, first, rest, weight)
	l.Measured.Noise = l.Measured.Noise.Add(*p, since)
}

// layer adds a measurement of a parameter.
func (l *loop) layer(i int, since float64) {
	if l.Measured.Layers == nil {
		l.Measured.Layers = make([]batch.Noise, len(l.meter.params))
	}
	l.Measured.Layers[i] = l.Measured.Layers[i].Add(l.meter.pieces, since)
}

// squaresOf are squared norms of sums of gradients.
type squaresOf struct{ first, rest, whole float64 }

func (s *squares) read() squaresOf {
	return squaresOf{s.first.F64()[0], s.rest.F64()[0], s.whole.F64()[0]}
}

func (s *squaresOf) add(t squaresOf) {
	s.first, s.rest, s.whole = s.first+t.first, s.rest+t.rest, s.whole+t.whole
}

// piecesOf makes squares of sums those of means.
func (m *noiseMeter) piecesOf(s squaresOf, first, rest, weight float64) {
	m.pieces.Squares[0] = s.first / float64(first*first)
	m.pieces.Squares[1] = s.rest / float64(rest*rest)
	m.pieces.Whole = s.whole / float64(weight*weight)
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
