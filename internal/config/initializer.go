package config

import "github.com/descent-ml/descent/nn"

// initializer is how a parameter starts.
type initializer struct {
	kind    string
	options initOptions
}

type initOptions interface {
	part
	build() nn.Initializer // nil: the layer's own
}

var initKinds = []alternative[initOptions]{
	rule("default", func() nn.Initializer { return nil }),
	rule("kaiming", nn.Kaiming), rule("kaiming_normal", nn.KaimingNormal),
	rule("xavier", nn.Xavier), rule("xavier_normal", nn.XavierNormal),
	rule("zeros", nn.Zeros),
	{"constant", func() initOptions { return &constant{} }},
	{"uniform", func() initOptions { return &pair{[2]string{"low", "high"}, 0, 0, anyNumber, nn.Uniform} }},
	{"normal", func() initOptions { return &pair{[2]string{"mean", "std"}, 0, 0.02, zeroOrMore, nn.Normal} }},
	{"truncated_normal", func() initOptions { return &pair{[2]string{"mean", "std"}, 0, 0.02, zeroOrMore, nn.TruncatedNormal} }},
}

func rule(name string, f func() nn.Initializer) alternative[initOptions] {
	return alternative[initOptions]{name, func() initOptions { return plainInit{f} }}
}

func newInitializer(name string) initializer {
	for _, k := range initKinds {
		if k.name == name {
			return initializer{name, k.make()}
		}
	}
	panic("config: no initializer " + name)
}

func (i *initializer) codec() codec {
	return choice[initOptions]{"initializer", initKinds, &i.kind, &i.options}
}

// ownInit is written only if it is not the layer's own rule: the key came when
// runs had been stored without it.
type ownInit struct{ *initializer }

func (o ownInit) read(fs *Faults, v *value) { o.codec().read(fs, v) }

func (o ownInit) write() *value {
	if o.kind == "default" {
		return nil
	}
	return o.codec().write()
}

func (i *initializer) build() nn.Initializer { return i.options.build() }

type plainInit struct{ f func() nn.Initializer }

func (plainInit) keys() fields            { return nil }
func (p plainInit) build() nn.Initializer { return p.f() }

type constant struct{ x float64 }

func (c *constant) keys() fields {
	return fields{{key: "value", codec: number{&c.x, anyNumber}, required: true}}
}

func (c *constant) build() nn.Initializer { return nn.Constant(c.x) }

// pair is a rule with two numbers, the second of them limited.
type pair struct {
	key    [2]string
	a, b   float64
	second limits
	make   func(a, b float64) nn.Initializer
}

func (p *pair) keys() fields {
	return fields{{key: p.key[0], codec: number{&p.a, anyNumber}}, {key: p.key[1], codec: number{&p.b, p.second}}}
}

func (p *pair) build() nn.Initializer { return p.make(p.a, p.b) }
