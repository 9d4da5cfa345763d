package config

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

func mustParse(t *testing.T, text string, overrides ...string) *Config {
	t.Helper()
	c, err := Parse("test", []byte(text), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// table writes a table of rows with a number, a word and a target of each kind.
func table(t *testing.T, rows int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("n,word,class,value\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%s,%s,%g\n", i%17, []string{"a", "b", "c"}[i%3], []string{"yes", "no"}[i*i%7%2], float64(i)/4)
	}
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOptimizers: each kind with its defaults is the optimizer of that name in
// package optim, and options get where they belong.
func TestOptimizers(t *testing.T) {
	for text, want := range map[string]optim.Optimizer{
		"sgd":                    optim.SGD(0.01),
		"{sgd: {lr: 0.5}}":       optim.SGD(0.5),
		"{sgd: 0.5}":             optim.SGD(0.5),
		"{sgd: {momentum: 0.9}}": optim.SGD(0.01).Momentum(0.9),
		"{sgd: {momentum: 0.9, nesterov: true, weight_decay: 0.1}}": optim.SGD(0.01).Momentum(0.9).Nesterov().WeightDecay(0.1),
		"{sgd: {momentum: 0.9, dampening: 0.2}}":                    optim.SGD(0.01).Momentum(0.9).Dampening(0.2),
		"adagrad":                                                   optim.AdaGrad(0.01),
		"{adagrad: {lr_decay: 0.1, eps: 1e-6}}":                     optim.AdaGrad(0.01).LRDecay(0.1).Eps(1e-6),
		"rmsprop":                                                   optim.RMSProp(0.01),
		"{rmsprop: {alpha: 0.9, centered: true, momentum: 0.5}}":    optim.RMSProp(0.01).Alpha(0.9).Centered().Momentum(0.5),
		"adam": optim.Adam(1e-3),
		"{adam: {beta1: 0.8, beta2: 0.9, eps: 0, weight_decay: 2}}": optim.Adam(1e-3).Betas(0.8, 0.9).Eps(0).WeightDecay(2),
		"adamw":                        optim.AdamW(1e-3),
		"{adamw: {weight_decay: 0.2}}": optim.AdamW(1e-3).WeightDecay(0.2),
	} {
		c := mustParse(t, "data: {train: x}\noptimizer: "+text)
		got := c.Optimizer.Options.build()
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got.LR != want.LR || !sameChain(got.Chain, want.Chain) {
			t.Errorf("%s is\n%v %#v, want\n%v %#v", text, got.LR, got.Chain, want.LR, want.Chain)
		}
	}
	c := mustParse(t, "data: {train: x}\noptimizer: {adamw: {decay: matrices}}\nclip: {norm: 2, value: 3}")
	o := c.buildOptimizer(100)
	if len(o.Groups) != 1 || !o.Groups[0].NoDecay || o.ClipNorm != 2 || o.ClipValue != 3 {
		t.Errorf("got %+v", o)
	}
}

// sameChain compares what transforms do; their order matters only between
// those that change the direction.
func sameChain(a, b []optim.Transform) bool {
	key := func(ts []optim.Transform) []string {
		var s []string
		for _, t := range ts {
			s = append(s, fmt.Sprintf("%#v", t))
		}
		slices.Sort(s)
		return s
	}
	return reflect.DeepEqual(key(a), key(b))
}

// TestSchedules: spans become shares of the budget, whatever their unit.
func TestSchedules(t *testing.T) {
	const examples = 1000 // in batches of 64: 16 updates an epoch
	at := func(p float64) optim.Progress { return optim.Progress{Fraction: p, Step: 1.0 / 160} }
	for _, c := range []struct {
		text string
		want optim.Schedule
	}{
		{"constant", optim.Constant()},
		{"cosine", optim.Cosine(0)},
		{"{cosine: {final: 0.1, warmup: 10%}}", optim.WarmUp(0.1, optim.Cosine(0.1))},
		{"{cosine: {warmup: 1ep}}", optim.WarmUp(0.1, optim.Cosine(0))},
		{"{cosine: {warmup: 16up}}", optim.WarmUp(0.1, optim.Cosine(0))},
		{"{linear: {final: 0.5, warmup: 1000ex}}", optim.WarmUp(0.1, optim.Linear(0.5))},
		{"{polynomial: 2}", optim.Polynomial(2)},
		{"{exponential: 0.1}", optim.Exponential(0.1)},
		{"{step: 2ep}", optim.Step(0.2, 0.1)},
		{"{step: {every: 48up, factor: 0.5}}", optim.Step(0.3, 0.5)},
		{"{multistep: [20%, 5ep]}", optim.MultiStep(0.1, 0.2, 0.5)},
		{"one_cycle", optim.OneCycle()},
		{"{one_cycle: {three_phase: true}}", optim.OneCycleWith(optim.OneCycleOptions{Up: 0.3, Div: 25, FinalDiv: 1e4, ThreePhase: true})},
	} {
		got := mustParse(t, "data: {train: x}\nbudget: 10ep\nschedule: "+c.text).buildOptimizer(examples).Schedule
		for i := range 160 {
			p := at(float64(i) / 160)
			if a, b := got(p), c.want(p); !(math.Abs(a-b) <= 1e-12) {
				t.Errorf("%s at %v: %v, want %v", c.text, p.Fraction, a, b)
				break
			}
		}
	}
}

// TestLoneLayer: a layer that is the whole model has no number before the names
// of its parameters; a list of one has.
func TestLoneLayer(t *testing.T) {
	for text, want := range map[string]string{"{dense: 3}": "weight", "[{dense: 3}]": "0.weight"} {
		model, err := mustParse(t, "data: {train: x}\nmodel: "+text).BuildModel(&dataset.Schema{})
		if err != nil {
			t.Fatal(err)
		}
		g, err := nn.Forward(model, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{2}})
		if err != nil || g.Vars[0].Attr.Name != want {
			t.Errorf("%s: %v, %v, want %s", text, g.Vars, err, want)
		}
	}
}

// TestTextModels: what is auto is what the data have, and what is given stays.
func TestTextModels(t *testing.T) {
	const base = "data: {train: x}\nmodel: "
	text := nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{5}}
	for model, want := range map[string]string{
		"{gpt: {layers: 1, heads: 2, dim: 8}}":                      "GPT(1 layers, 2 heads, 8 channels) f32[B 5 11]",
		"{gpt: {layers: 1, heads: 2, dim: 8, vocab: 3}}":            "GPT(1 layers, 2 heads, 8 channels) f32[B 5 3]",
		"{encoder: {layers: 1, heads: 2, dim: 8}}":                  "Encoder(1 layers, 2 heads, 8 channels) f32[B 8]",
		"[{encoder: {layers: 1, heads: 2, dim: 8}}, {dense: auto}]": "Sequential f32[B 3]",
	} {
		c := mustParse(t, base+model)
		m := &modelContext{outputs: 3, vocab: 11, context: 5}
		settle(c.Model, m)
		built := (&modelContext{}).model(c.Model, c.lone) // as BuildModel of settled data
		g, err := nn.Forward(built, text)
		if err != nil {
			t.Errorf("%s: %v", model, err)
		} else if got := fmt.Sprint(built, " ", g.Output("pred").Shape); got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
	_, err := mustParse(t, base+"gpt").BuildModel(&dataset.Schema{})
	if err == nil || !strings.Contains(err.Error(), "the model gpt reads text, but the data have none") {
		t.Errorf("no text: %v", err)
	}
}

// TestModel: every kind of layer builds, and what is auto fits the data.
func TestModel(t *testing.T) {
	path := table(t, 200)
	for _, c := range []struct {
		name, set string
		want      []string // of kinds in the summary, and the shape of the output
	}{
		{"classes", "data.target=class", []string{"Dense(64)", "ReLU", "Dense(2)", "f32[B 2]"}},
		{"binary", "{}", []string{"Dense(1)", "f32[B 1]"}},
		{"values", "data.target=value", []string{"Dense(1)", "f32[B 1]"}},
	} {
		text := "data: {train: " + path + "}"
		sets := []string{c.set}
		if c.name == "binary" {
			sets = []string{"data.target=class", "loss=bce"}
		}
		conf := mustParse(t, text, sets...)
		s, err := conf.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := conf.BuildModel(s.Schema)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := nn.Summary(model, nn.Input(s.Train.Fields()[0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.want {
			if !strings.Contains(fmt.Sprint(rows), w) {
				t.Errorf("%s: no %s in %v", c.name, w, rows)
			}
		}
	}
	conf := mustParse(t, "data: {train: "+path+", target: class, categories: embedding}\n"+`
model:
  - {categories: 4}
  - dense: {out: 16, bias: false, init: kaiming, bias_init: zeros}
  - layernorm
  - {residual: [{dense: {out: 16, init: xavier_normal}}, gelu, gelu_tanh, silu, tanh, sigmoid, softplus, softmax, rmsnorm]}
  - {sequential: [{leaky_relu: 0.2}, elu, {reshape: [4, 4]}, flatten, {dropout: 0.1}]}
  - {frozen: [{dense: {out: 8, init: {normal: {std: 0.1}}}}, relu]}
  - {dense: {out: auto, init: {uniform: {low: -1, high: 1}}, bias_init: {constant: 0.5}}}
`)
	s, err := conf.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := conf.BuildTrain(s)
	if err != nil {
		t.Fatal(err)
	}
	c.Budget, c.Out = batch.Updates(2), train.NoOut
	run, err := train.Fit(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if b := run.Params["6.bias"].F32(); len(b) != 2 || math.Abs(float64(b[0])-0.5) > 0.01 {
		t.Errorf("bias %v did not start at 0.5", b)
	}
	if run.Params["1.bias"] != nil || run.Params["5.0.weight"] == nil || run.Params["0.0.weight"] == nil {
		t.Errorf("parameters %v", run.Params)
	}
	conf.Model = conf.Model[1:]
	if _, err := conf.BuildModel(s.Schema); err == nil || !strings.Contains(err.Error(), "begin it with categories") {
		t.Errorf("embedded categories that nobody takes: %v", err)
	}
}

func lengths(s *Sets) string {
	length := func(d dataset.Dataset) int {
		if d == nil {
			return -1
		}
		return d.Len()
	}
	return fmt.Sprint(length(s.Train), length(s.Val), length(s.Test))
}

func TestLoad(t *testing.T) {
	path := table(t, 200)
	other := table(t, 50)
	for _, c := range []struct {
		data, want string
		fields     string
	}{
		{"target: class", "200 -1 -1", "[x f32 (5) y i32 ()]"},
		{"target: class, split: {val: 10%, test: 0.2}", "140 20 40", "[x f32 (5) y i32 ()]"},
		{"target: class, test: " + other + ", split: {val: 5%}", "190 10 50", "[x f32 (5) y i32 ()]"},
		{"target: value, skip: [class], val: " + other, "200 50 -1", "[x f32 (4) y f32 ()]"},
		{"target: 2, skip: [value], categories: embedding", "200 -1 -1", "[x f32 (1) cat i32 (1) y i32 ()]"},
		{"target: class, weight: n", "200 -1 -1", "[x f32 (4) y i32 ()]"},
	} {
		conf := mustParse(t, "data: {train: "+path+", "+c.data+"}")
		s, err := conf.Load(nil)
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
			continue
		}
		want := c.fields
		if strings.Contains(c.data, "weight") {
			want = strings.TrimSuffix(want, "]") + " weight f32 ()]"
		}
		if got := lengths(s); got != c.want || fmt.Sprint(s.Train.Fields()) != want {
			t.Errorf("%s: %s of %v, want %s of %s", c.data, got, s.Train.Fields(), c.want, want)
		}
		roundTrip(t, conf)
		again := mustParse(t, string(conf.YAML()))
		if s2, err := again.Load(s.Schema); err != nil || lengths(s2) != c.want {
			t.Errorf("%s: resolved, with its schema: %v", c.data, err)
		}
	}
}

// TestSplitIsTheSame: the rows to test on depend on the seed and their number
// alone, not on the share to validate on.
func TestSplitIsTheSame(t *testing.T) {
	path := table(t, 200)
	test := func(sets ...string) []float32 {
		s, err := mustParse(t, "data: {train: "+path+", target: value, standardize: false, split: {test: 20%}}", sets...).Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		buf, rows := dataset.NewBuffers(s.Test.Fields(), s.Test.Len()), make([]int, s.Test.Len())
		for i := range rows {
			rows[i] = i
		}
		if err := s.Test.Gather(buf, 0, rows); err != nil {
			t.Fatal(err)
		}
		return slices.Clone(buf[len(buf)-1].F32())
	}
	first := test()
	if !slices.Equal(first, test("data.split.val=10%", "batch=3")) {
		t.Error("the share to validate on changes what is tested on")
	}
	if slices.Equal(first, test("seed=2")) {
		t.Error("another seed splits the same")
	}
}

func TestAsValues(t *testing.T) {
	ds, err := dataset.New(
		dataset.Column{Name: "x", Data: tensor.Of([]float32{1, 2, 3}, 3, 1)},
		dataset.Column{Name: "y", Data: tensor.Of([]int32{0, 1, 1})})
	if err != nil {
		t.Fatal(err)
	}
	v, err := asValues(ds, 1)
	if err != nil {
		t.Fatal(err)
	}
	buf := dataset.NewBuffers(v.Fields(), 3)
	if err := v.Gather(buf, 0, []int{2, 0, 1}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(v.Fields()) != "[x f32 (1) y f32 (1)]" || !slices.Equal(buf[1].F32(), []float32{1, 0, 1}) || !slices.Equal(buf[0].F32(), []float32{3, 1, 2}) {
		t.Errorf("%v: %v", v.Fields(), buf)
	}
}

// TestFewExamples: the defaults fit few examples; what was asked for stays.
func TestFewExamples(t *testing.T) {
	for _, c := range []struct {
		rows          int
		text          string
		batch, epochs int
	}{
		{20, "", 20, 100},
		{20, "batch: 64", 64, 100},
		{20, "budget: 3ep", 20, 3},
		{20, "batch: 1", 1, 100},
		{200, "batch: 1", 1, 10},
		{20, "batch: all", 0, 100},
		{6400, "", 64, 20},
		{64000, "", 64, 10},
	} {
		conf := mustParse(t, "data: {train: "+table(t, c.rows)+", target: class}\n"+c.text)
		if _, err := conf.Load(nil); err != nil || conf.Batch != c.batch || conf.Budget != train.Epochs(float64(c.epochs)) {
			t.Errorf("%d rows, %q: batch %d, budget %v, %v", c.rows, c.text, conf.Batch, conf.Budget, err)
		}
	}
}

// TestShards: shards are of the batch that the data give, if it is not given.
func TestShards(t *testing.T) {
	data := "data: {train: " + table(t, 20) + ", target: class}\n"
	for _, c := range []struct {
		text string
		want int // shards, 0 if they are refused
	}{
		{"", 1},
		{"batch: {shards: 20}", 20},
		{"batch: {shards: 21}", 0},
		{"batch: {size: all, shards: 20}", 20},
		{"batch: {size: all, shards: 21}", 0},
		{"batch: {size: 8, shards: 8}\nexec: {workers: 2}", 8},
	} {
		conf := mustParse(t, data+c.text)
		s, err := conf.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		built, err := conf.BuildTrain(s)
		if c.want == 0 {
			if err == nil || !IsFault(err) || !strings.Contains(err.Error(), "21 shards of a batch of 20") {
				t.Errorf("%q: %v", c.text, err)
			}
		} else if err != nil || built.Shards != c.want || built.Exec.Workers != conf.Exec.Workers {
			t.Errorf("%q: %d shards, %v", c.text, built.Shards, err)
		}
	}
}

// TestFaultPolicies: what is written is what package train is told.
func TestFaultPolicies(t *testing.T) {
	data := "data: {train: " + table(t, 20) + ", target: class}\n"
	for text, want := range map[string]train.Faults{
		"":                    {Policy: train.StopRun, Limit: 10, Factor: 0.5},
		"faults: skip":        {Policy: train.Skip, Limit: 10, Factor: 0.5},
		"faults: retry":       {Policy: train.Retry, Limit: 10, Factor: 0.5},
		"faults: {spike: 10}": {Policy: train.StopRun, Spike: 10, Limit: 10, Factor: 0.5},
		"faults: {policy: back_off, limit: 3, factor: 0.1}": {Policy: train.BackOff, Limit: 3, Factor: 0.1},
	} {
		conf := mustParse(t, data+text)
		s, err := conf.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		if built, err := conf.BuildTrain(s); err != nil || built.Faults != want {
			t.Errorf("%q: %+v, %v; want %+v", text, built.Faults, err, want)
		}
	}
}

// TestMicroFull: full is the whole batch, whatever that is, and stays so in
// what is printed.
func TestMicroFull(t *testing.T) {
	c := mustParse(t, "data: {train: "+table(t, 50)+"}\nbatch: 32\nexec: {micro: full}")
	if printed := string(c.YAML()); !strings.Contains(printed, "micro: full") {
		t.Errorf("printed\n%s", printed)
	}
	roundTrip(t, c)
	s, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if built, err := c.BuildTrain(s); err != nil || built.Exec.Micro != 32 {
		t.Errorf("micro %d, %v; want 32", built.Exec.Micro, err)
	}
}

// TestManyClasses: a loss for classes refuses a target of continuous numbers,
// but takes few numbers, words, and what is said to be classes.
func TestManyClasses(t *testing.T) {
	data := table(t, 200)
	for _, c := range []struct {
		target, more string
		refused      bool
	}{
		{"value", "", true},
		{"n", "", false},
		{"word", "", false},
		{"value", ", task: classification", false},
	} {
		_, err := mustParse(t, "data: {train: "+data+", target: "+c.target+c.more+"}\nloss: cross_entropy").Load(nil)
		if refused := err != nil; refused != c.refused || refused && (!IsFault(err) || !strings.Contains(err.Error(), "the target value holds numbers, 200 distinct ones")) {
			t.Errorf("%s%s: %v", c.target, c.more, err)
		}
	}
	words := filepath.Join(t.TempDir(), "words.csv")
	var b strings.Builder
	b.WriteString("n,class\n")
	for i := range 120 {
		fmt.Fprintf(&b, "%d,name %d\n", i%7, i%40)
	}
	if err := os.WriteFile(words, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := mustParse(t, "data: {train: "+words+"}\nloss: cross_entropy").Load(nil); err != nil || len(s.Schema.Target.Classes) != 40 {
		t.Errorf("words: %v", err)
	}
}
