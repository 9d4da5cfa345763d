package config

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/nn"
)

// Layer is a layer of the model: a kind and its options.
type Layer struct {
	Kind    string
	Options layerOptions
	at      place
}

// layerOptions are the options of a kind of layer. keys is over the options
// themselves, so that what it reads goes there.
type layerOptions interface {
	part
	build(m *modelContext) nn.Layer
}

// modelContext is what a model needs to know of the data.
type modelContext struct {
	outputs  int         // classes, or values, to predict
	vocab    int         // tokens that text is made of, 0 if there is no text
	context  int         // tokens of an example, likewise
	catSizes []int       // of embedded categories
	edges    [][]float32 // of the bins of numbers
	users    int         // of interactions, 0 if the data are none
	items    int         // likewise
	mean     float64     // of the ratings to learn from
	usesCats bool        // set by the layer that takes them
	err      error
}

// layerKinds are the layers by name. It is set by init since residual contains
// layers of any kind.
var layerKinds []alternative[layerOptions]

func init() {
	simple := func(name string, l func() nn.Layer) alternative[layerOptions] {
		return alternative[layerOptions]{name, func() layerOptions { return bare{l} }}
	}
	kind := func(name string, f func() layerOptions) alternative[layerOptions] {
		return alternative[layerOptions]{name, f}
	}
	layerKinds = []alternative[layerOptions]{
		kind("dense", func() layerOptions { return newDense() }),
		simple("relu", nn.ReLU), simple("gelu", nn.GELU), simple("gelu_tanh", nn.GELUTanh), simple("silu", nn.SiLU),
		simple("tanh", nn.Tanh), simple("sigmoid", nn.Sigmoid), simple("softplus", nn.Softplus), simple("softmax", nn.Softmax),
		kind("leaky_relu", func() layerOptions { return &scaled{"slope", 0.01, zeroOrMore, nn.LeakyReLU} }),
		kind("elu", func() layerOptions { return &scaled{"alpha", 1, aboveZero, nn.ELU} }),
		kind("dropout", func() layerOptions { return &scaled{"rate", 0.5, fraction, nn.Dropout} }),
		simple("layernorm", func() nn.Layer { return nn.LayerNorm() }),
		simple("rmsnorm", func() nn.Layer { return nn.RMSNorm() }),
		kind("batchnorm", func() layerOptions { return &batchNorm{momentum: 0.1, eps: 1e-5, affine: true} }),
		simple("flatten", nn.Flatten),
		kind("reshape", func() layerOptions { return &reshape{} }),
		kind("embedding", func() layerOptions { return newEmbedding() }),
		kind("bag", func() layerOptions { return newBag() }),
		kind("conv2d", func() layerOptions { return newConv(false) }),
		kind("conv1d", func() layerOptions { return newConv(true) }),
		kind("max_pool2d", func() layerOptions { return newPool2d(false) }),
		kind("avg_pool2d", func() layerOptions { return newPool2d(true) }),
		simple("global_avg_pool", nn.GlobalAvgPool), simple("global_max_pool", nn.GlobalMaxPool),
		kind("adaptive_avg_pool2d", func() layerOptions { return &adaptivePool{make: nn.AdaptiveAvgPool2d} }),
		kind("adaptive_max_pool2d", func() layerOptions { return &adaptivePool{make: nn.AdaptiveMaxPool2d} }),
		kind("conv_transpose2d", func() layerOptions { return newConvTranspose() }),
		kind("groupnorm", func() layerOptions { return &groupNorm{groups: 32, eps: 1e-5, affine: true} }),
		kind("squeeze_excite", func() layerOptions { return &squeezeExcite{reduction: 16} }),
		kind("dropout2d", func() layerOptions { return &scaled{"rate", 0.5, fraction, nn.Dropout2d} }),
		kind("lstm", func() layerOptions { return newRecurrent(nn.LSTM) }),
		kind("gru", func() layerOptions { return newRecurrent(nn.GRU) }),
		simple("mean_pool", nn.MeanPool), simple("max_pool", nn.MaxPool), simple("last_pool", nn.LastPool),
		kind("window", func() layerOptions { return &window{3} }),
		kind("positions", func() layerOptions { return &positions{"learned"} }),
		kind("categories", func() layerOptions { return &categories{} }),
		kind("numbers", func() layerOptions { return numberLayer{} }),
		kind("periodic", func() layerOptions { return &periodic{16, 0.1} }),
		kind("gpt", func() layerOptions { return newGPT() }),
		kind("encoder", func() layerOptions { return newEncoder() }),
		kind("mf", func() layerOptions { return &factorization{interaction: newInteraction()} }),
		kind("bpr", func() layerOptions { return &pairwise{newInteraction()} }),
		kind("gmf", func() layerOptions { return &generalized{newInteraction()} }),
		kind("two_tower", func() layerOptions { return newTwoTower() }),
		kind("fm", func() layerOptions { return &machine{newFeatured()} }),
		kind("deepfm", func() layerOptions { return &deepMachine{featured: newFeatured(), hidden: []int{400, 400, 400}} }),
		kind("dlrm", func() layerOptions { return &dlrm{featured: newFeatured(), bottom: []int{64}, top: []int{128, 64}} }),
		kind("neumf", func() layerOptions { return &neural{interaction: newInteraction()} }),
		kind("ensemble", func() layerOptions { return &ensemble{members: 8} }),
		kind("sum", func() layerOptions { return &group{make: nn.Sum} }),
		kind("concat", func() layerOptions { return &group{make: nn.Concat} }),
		kind("residual", func() layerOptions { return &residual{} }),
		kind("sequential", func() layerOptions { return &group{make: nn.Sequential} }),
		kind("frozen", func() layerOptions {
			return &group{make: func(ls ...nn.Layer) nn.Layer { return nn.Frozen(nn.Sequential(ls...)) }}
		}),
	}
	layerKinds = append(layerKinds, imageNetKinds()...)
}

// layers is a list of layers.
type layers struct{ p *[]Layer }

func (l layers) read(fs *Faults, v *value) {
	if v.kind == scalar && needsDim(v.text) {
		fs.add(v.at, "got %v (want its dim too, such as {%s: {dim: 64}})", v, v.text)
		return
	}
	if v.kind != sequence || len(v.entries) == 0 {
		fs.add(v.at, "got %v (want a list of layers, such as [{dense: 64}, relu, {dense: auto}])", v)
		return
	}
	*l.p = make([]Layer, len(v.entries))
	for i, e := range v.entries {
		(*l.p)[i].at = e.at
		(*l.p)[i].read(fs, e.value)
	}
}

// needsDim tells whether a name is that of a layer which cannot do without a dim,
// and with nothing else, as all models of users and items.
func needsDim(name string) bool {
	at := slices.Index(namesOf(layerKinds), name)
	if at < 0 {
		return false
	}
	required := slices.DeleteFunc(layerKinds[at].make().keys(), func(k field) bool { return !k.required })
	return len(required) == 1 && required[0].key == "dim"
}

func (l layers) write() *value {
	v := &value{kind: sequence}
	for i := range *l.p {
		v.entries = append(v.entries, entry{value: (*l.p)[i].codec().write()})
	}
	return v
}

func (l *Layer) codec() codec {
	return choice[layerOptions]{"layer", layerKinds, &l.Kind, &l.Options}
}

// read reads a layer, and what its options say together.
func (l *Layer) read(fs *Faults, v *value) {
	faults := len(*fs)
	l.codec().read(fs, v)
	if t, ok := l.Options.(interface{ fault() string }); ok && len(*fs) == faults && t.fault() != "" {
		fs.add(v.at, "%s: %s", l.Kind, t.fault())
	}
}

// model makes the whole model: a layer by itself, or a sequence.
func (m *modelContext) model(list []Layer, lone bool) nn.Layer {
	built := m.layers(list)
	if lone {
		return built[0]
	}
	return nn.Sequential(built...)
}

// layers makes the layers of a list.
func (m *modelContext) layers(list []Layer) []nn.Layer {
	out := make([]nn.Layer, len(list))
	for i, l := range list {
		out[i] = l.Options.build(m)
	}
	return out
}

// settle replaces what is auto by what the data say.
func settle(list []Layer, m *modelContext) {
	for _, l := range list {
		switch o := l.Options.(type) {
		case *dense:
			if o.out == 0 {
				o.out = m.outputs
			}
		case interface{ settle(*modelContext) }:
			o.settle(m)
		case *embedding:
			if o.rows == 0 {
				o.rows = m.vocab
			}
		case *ensemble:
			if o.out == 0 {
				o.out = m.outputs
			}
		}
		if o, ok := l.Options.(nested); ok {
			for _, list := range o.inner() {
				settle(list, m)
			}
		}
	}
}

// bare is a layer without options.
type bare struct{ make func() nn.Layer }

func (bare) keys() fields                   { return nil }
func (b bare) build(*modelContext) nn.Layer { return b.make() }

// dense is an affine map.
type dense struct {
	out            int // 0: the number of classes or targets
	bias           bool
	init, biasInit initializer
}

func newDense() *dense {
	return &dense{bias: true, init: newInitializer("default"), biasInit: newInitializer("default")}
}

func (d *dense) keys() fields {
	return fields{
		{key: "out", codec: count{p: &d.out, low: 1, auto: "auto"}, required: true},
		{key: "bias", codec: flag{&d.bias}},
		{key: "init", codec: d.init.codec()},
		{key: "bias_init", codec: d.biasInit.codec()},
	}
}

func (d *dense) build(m *modelContext) nn.Layer {
	out := d.out
	if out == 0 {
		out = m.outputs
	}
	l := nn.Dense(out)
	if i := d.init.build(); i != nil {
		l = l.Init(i)
	}
	if i := d.biasInit.build(); i != nil {
		l = l.BiasInit(i)
	}
	if !d.bias {
		l = l.NoBias()
	}
	return l
}

// scaled is a layer with one number.
type scaled struct {
	key    string
	x      float64
	limits limits
	make   func(float64) nn.Layer
}

func (s *scaled) keys() fields {
	return fields{{key: s.key, codec: number{&s.x, s.limits}}}
}

func (s *scaled) build(*modelContext) nn.Layer { return s.make(s.x) }

// batchNorm normalizes over the batch, or over groups of it.
type batchNorm struct {
	group         int // 0: the batch
	momentum, eps float64
	affine        bool
}

func (b *batchNorm) keys() fields {
	return fields{
		{key: "group", codec: count{p: &b.group, low: 2, auto: "none"}},
		{key: "momentum", codec: number{&b.momentum, unit}},
		{key: "eps", codec: number{&b.eps, aboveZero}},
		{key: "affine", codec: flag{&b.affine}},
	}
}

func (b *batchNorm) build(*modelContext) nn.Layer {
	l := nn.BatchNorm().Group(b.group).Momentum(b.momentum).Eps(b.eps)
	if !b.affine {
		l = l.Plain()
	}
	return l
}

// normalizesBatches reports whether there is a batchnorm that is not frozen.
func normalizesBatches(list []Layer) bool {
	return slices.ContainsFunc(list, func(l Layer) bool {
		if o, ok := l.Options.(nested); ok && l.Kind != "frozen" {
			for _, list := range o.inner() {
				if normalizesBatches(list) {
					return true
				}
			}
		}
		return l.Kind == "batchnorm" || isImageNet(l.Kind) && l.Kind != "lenet"
	})
}

// reshape gives an example another shape.
type reshape struct{ shape []int }

func (r *reshape) keys() fields {
	return fields{{key: "shape", codec: counts{&r.shape}, required: true}}
}

func (r *reshape) build(*modelContext) nn.Layer { return nn.Reshape(r.shape...) }

// embedding looks indices up in a table.
type embedding struct {
	rows, dim int // rows 0: the tokens of the text
	init      initializer
}

func newEmbedding() *embedding { return &embedding{init: newInitializer("default")} }

func (e *embedding) keys() fields {
	return fields{
		{key: "rows", codec: count{p: &e.rows, low: 1, auto: "auto"}, required: true},
		{key: "dim", codec: count{p: &e.dim, low: 1}, required: true},
		{key: "init", codec: ownInit{&e.init}},
	}
}

func (e *embedding) build(m *modelContext) nn.Layer {
	l := nn.Embedding(m.tableRows("embedding", e.rows), e.dim)
	if i := e.init.build(); i != nil {
		l = l.Init(i)
	}
	return l
}

// tableRows is how many rows a table of tokens has, 0 being the tokens of the
// text.
func (m *modelContext) tableRows(kind string, rows int) int {
	if rows == 0 {
		rows = m.vocab
	}
	if rows == 0 && m.err == nil {
		m.err = fmt.Errorf("config: the %s has rows: auto, but the data have no text (give the number of rows)", kind)
	}
	m.holds(kind, "rows", rows)
	return rows
}

// holds notes if a table has fewer rows than the text has tokens.
func (m *modelContext) holds(kind, key string, rows int) {
	if rows < m.vocab && m.err == nil {
		m.err = mistakef("config: %s: %s: %d for the %d tokens of the text (want auto, or no fewer)", kind, key, rows, m.vocab)
	}
}

// numberLayer encodes the numbers of a table piecewise linearly.
type numberLayer struct{}

func (numberLayer) keys() fields { return nil }

func (numberLayer) build(m *modelContext) nn.Layer {
	if m.edges == nil && m.err == nil {
		m.err = fmt.Errorf("config: the model encodes numbers by bins, but the data have none (set data.bins, or remove the layer numbers)")
	}
	return nn.PiecewiseLinear(m.edges)
}

// categories embeds the categorical columns of a table.
type categories struct{ dim int } // 0: by the size of each

// mostCategoryDims limits the dimensions that are chosen.
const mostCategoryDims = 24

func (c *categories) keys() fields {
	return fields{{key: "dim", codec: count{p: &c.dim, low: 1, auto: "auto"}}}
}

func (c *categories) build(m *modelContext) nn.Layer {
	if len(m.catSizes) == 0 && m.err == nil {
		m.err = fmt.Errorf("config: the model embeds categories, but the data have none (set data.categories to embedding, or remove the layer)")
	}
	m.usesCats = true
	if c.dim == 0 {
		return nn.CategoriesOf(m.catSizes, nn.CategoryDims(m.catSizes, mostCategoryDims))
	}
	return nn.Categories(m.catSizes, c.dim)
}

// periodic adds sines and cosines of numbers.
type periodic struct {
	frequencies int
	sigma       float64
}

func (p *periodic) keys() fields {
	return fields{
		{key: "frequencies", codec: count{p: &p.frequencies, low: 1, high: 1024}},
		{key: "sigma", codec: number{&p.sigma, aboveZero}},
	}
}

func (p *periodic) build(*modelContext) nn.Layer { return nn.Periodic(p.frequencies, p.sigma) }

// ensemble is several models that share their layers.
type ensemble struct {
	members, out int // out 0: the number of classes or targets
	list         []Layer
}

func (e *ensemble) keys() fields {
	return fields{
		{key: "members", codec: count{p: &e.members, low: 1, high: 256}},
		{key: "out", codec: count{p: &e.out, low: 1, auto: "auto"}},
		{key: "layers", codec: layers{&e.list}, required: true},
	}
}

func (e *ensemble) inner() map[string][]Layer { return map[string][]Layer{"": e.list} }

func (e *ensemble) build(m *modelContext) nn.Layer {
	return nn.Ensemble(e.members, e.out, m.layers(e.list)...)
}

// defaultModel is [{dense: 64}, relu, {dense: 64}, relu, {dense: auto}].
func defaultModel() []Layer {
	hidden := func() Layer { d := newDense(); d.out = 64; return Layer{Kind: "dense", Options: d} }
	relu := Layer{Kind: "relu", Options: bare{nn.ReLU}}
	return []Layer{hidden(), relu, hidden(), relu, {Kind: "dense", Options: newDense()}}
}
