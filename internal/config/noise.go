package config

import (
	"slices"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// Noise says how the noise of gradients is measured: off, auto (where a policy or a
// coupling needs it) or {every: 16up}.
type Noise struct {
	Mode   train.NoiseMode
	Every  batch.Span // zero: by what it costs
	By     string     // one of noisePieces; "" is the first
	Layers bool
}

func (n *Noise) codec() codec { return noise{n} }

type noise struct{ p *Noise }

var noiseModes = []string{train.NoiseAuto: "auto", train.NoiseOn: "on", train.NoiseOff: "off"}

// noisePieces are the words of train.NoiseBy.
var noisePieces = []string{train.ByHalves: "halves", train.ByExamples: "examples"}

func (n noise) keys() fields {
	if n.p.By == "" {
		n.p.By = noisePieces[train.ByHalves]
	}
	return fields{{key: "every", codec: spanOrAuto{&n.p.Every}}, {key: "by", codec: word{&n.p.By, noisePieces}}, {key: "layers", codec: flag{&n.p.Layers}}}
}

func (n noise) read(fs *Faults, v *value) {
	if v.kind == mapping {
		n.p.Mode = train.NoiseOn
		n.keys().read(fs, v)
		return
	}
	for mode, word := range noiseModes {
		if v.kind == scalar && v.text == word {
			n.p.Mode = train.NoiseMode(mode)
			return
		}
	}
	fs.add(v.at, "got %v (want auto, on or off, or a mapping with %s)", v, list(n.keys().names()))
}

func (n noise) write() *value {
	if n.p.Mode == train.NoiseOn {
		return n.keys().write()
	}
	return &value{text: noiseModes[n.p.Mode]}
}

func (n *Noise) build() train.Noise {
	by := train.NoiseBy(max(0, slices.Index(noisePieces, n.By)))
	return train.Noise{Mode: n.Mode, Every: n.Every, By: by, Layers: n.Layers}
}

// spanOrAuto is a number of updates, or auto.
type spanOrAuto struct{ p *batch.Span }

func (s spanOrAuto) read(fs *Faults, v *value) {
	if v.kind == scalar && v.text == "auto" {
		*s.p = batch.Span{}
		return
	}
	x, err := batch.Parse(v.text)
	if v.kind != scalar || err != nil || x.Unit != batch.Update {
		fs.add(v.at, "got %v (want updates, such as 16up, or auto)", v)
		return
	}
	*s.p = x
}

func (s spanOrAuto) write() *value {
	if s.p.IsZero() {
		return &value{text: "auto"}
	}
	return span{p: s.p}.write()
}
