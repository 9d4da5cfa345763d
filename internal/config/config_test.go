package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/examples"
)

const small = `
seed: 7
data: {train: adult.csv, target: income, split: {val: 10%, test: 20%}}
model: [{dense: 256}, relu, {dropout: 0.1}, {dense: auto}]
loss: cross_entropy
optimizer: {adamw: {lr: 1e-3, weight_decay: 0.01}}
schedule: {cosine: {warmup: 5%}}
batch: 64
budget: 20 epochs
exec: {threads: 2, micro: auto, memory: 512MiB, isa: auto}
`

// everything uses every key there is.
const everything = `
name: "12"
seed: 18446744073709551615
data:
  train: a file.csv
  val: val.csv
  test: "true"
  target: 3
  task: classification
  format: tsv
  header: no
  names: [a, "b c", "1", 'it''s']
  columns: {zip: categorical, "odd: name": numeric}
  skip: [a, 7]
  missing: ["?", "-"]
  weight: w
  split: {val: 0.1, test: 12.5%}
  shuffle: false
  last: drop
  standardize: false
  categories: embedding
model:
  - {categories: 4}
  - dense: {out: 256, bias: false, init: {normal: {mean: 0, std: 0.1}}, bias_init: zeros}
  - layernorm
  - rmsnorm
  - batchnorm
  - {batchnorm: 32}
  - {batchnorm: {group: none, momentum: 0.2, eps: 1e-3, affine: false}}
  - {residual: [{dense: 256}, gelu, gelu_tanh, silu, tanh, sigmoid, softplus, softmax]}
  - {leaky_relu: 0.2}
  - elu
  - {dropout: {rate: 0.25}}
  - {sequential: [flatten, {reshape: [16, 16]}]}
  - {frozen: [{dense: {out: 3, init: {uniform: {low: -1, high: 1}}}}, {embedding: {rows: 3, dim: 2}}]}
  - dense: {out: auto, init: {truncated_normal: {std: 0.01}}, bias_init: {constant: 0.5}}
loss: {cross_entropy: {label_smoothing: 0.1, class_weights: [1, 2, 0.5]}}
optimizer: {sgd: {lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 5e-4, decay: matrices}}
schedule: {multistep: {at: [30ep, 50%], factor: 0.2, warmup: 100up}}
batch: {size: all, shards: 4}
sequence_warmup: {from: 4, over: 2e5ex}
budget: 1e6 examples
init: start.safetensors
clip: {norm: 1, value: 0.5}
faults: {policy: back_off, spike: 10, limit: 3, factor: 0.1}
reestimate: 10000ex
validate: {every: 500up}
metric: accuracy
early_stop: {patience: 5, min_delta: 1e-4}
checkpoint: {every: 10min, keep: 2}
log: {every: 1up}
sample: {every: 10%, prompt: "", tokens: 7, temperature: 0}
exec: {threads: 2, workers: 3, micro: 7, memory: 1536MiB, recompute: always, isa: avx2}
`

func TestParse(t *testing.T) {
	c, err := Parse("c.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if c.Seed != 7 || c.Data.Target != "income" || c.Data.Split.Val != 0.1 || c.Batch != 64 || c.Budget.String() != "20ep" ||
		c.Exec.Threads != 2 || c.Exec.Micro != 0 || c.Exec.Memory != 512<<20 || !c.Data.Shuffle || c.Data.Last != "keep" {
		t.Errorf("read %+v", c)
	}
	if len(c.Model) != 4 || c.Model[0].Options.(*dense).out != 256 || c.Model[3].Options.(*dense).out != 0 || c.Model[2].Options.(*scaled).x != 0.1 {
		t.Errorf("model %+v", c.Model)
	}
	if a := c.Optimizer.Options.(*adam); a.lr != 1e-3 || a.weightDecay != 0.01 || a.beta2 != 0.999 || !a.decoupled {
		t.Errorf("optimizer %+v", a)
	}
	if w := c.Schedule.Options.(*curve); w.span.String() != "5%" {
		t.Errorf("schedule %+v", w)
	}
}

// roundTrip checks that what is printed reads back as the same.
func roundTrip(t *testing.T, c *Config) {
	t.Helper()
	printed := c.YAML()
	back, err := Parse("printed", printed)
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if again := back.YAML(); string(again) != string(printed) {
		t.Errorf("printed\n%s\nread back and printed\n%s", printed, again)
	}
	// Functions inside options cannot be compared; the rest must be equal.
	if !reflect.DeepEqual(c.Data, back.Data) || c.Exec != back.Exec || c.Budget != back.Budget || c.Seed != back.Seed || c.Name != back.Name ||
		c.Checkpoint != back.Checkpoint || c.EarlyStop != back.EarlyStop || c.Clip != back.Clip || c.Init != back.Init || c.Batch != back.Batch ||
		c.Shards != back.Shards || c.Faults != back.Faults || c.Reestimate != back.Reestimate || c.Warmup != back.Warmup || c.Sample != back.Sample {
		t.Errorf("%+v\nread back as %+v", c, back)
	}
	raw, err := back.JSON()
	if err != nil || !json.Valid(raw) {
		t.Fatal(err)
	}
	fromJSON, err := Parse("json", raw)
	if err != nil {
		t.Fatalf("JSON is YAML, but: %v\n%s", err, raw)
	}
	if again := fromJSON.YAML(); string(again) != string(printed) {
		t.Errorf("through JSON\n%s\nwant\n%s", again, printed)
	}
}

func TestRoundTrip(t *testing.T) {
	all := map[string]string{"small": small, "everything": everything, "lone layer": "data: {train: x}\nmodel: {residual: [{dense: 3}]}",
		"gpt": "data: {train: x}\nmodel: {gpt: {layers: 6, vocab: 65, norm: rms}}", "encoder": "data: {train: x}\nmodel: [encoder, {dense: auto}]"}
	for _, e := range examples.All() {
		all[e.Name] = string(e.YAML)
	}
	for _, k := range optimizerKinds {
		all[k.name] = "data: {train: x}\noptimizer: " + k.name
	}
	for _, k := range scheduleKinds {
		if k.name != "step" && k.name != "multistep" {
			all[k.name] = "data: {train: x}\nschedule: " + k.name
		}
	}
	for _, k := range lossKinds {
		all[k.name] = "data: {train: x}\nloss: " + k.name
	}
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			c, err := Parse(name, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, c)
		})
	}
}

// TestLaterKeys: a key that runs were stored without is in what is compared with
// them only if it is set; people see its default.
func TestLaterKeys(t *testing.T) {
	base := "data: {train: x.csv}\nbatch: 32\n"
	plain := mustParse(t, base)
	old, err := plain.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range later {
		if strings.Contains(string(old), key) || !strings.Contains(string(plain.YAML()), "\n"+key+":") {
			t.Errorf("%s in\n%s\nor not in\n%s", key, old, plain.YAML())
		}
	}
	for _, c := range []struct {
		text string
		same bool
	}{
		{"faults: stop\nreestimate: off", true},
		{"faults: {limit: 10}", true},
		{"faults: skip", false},
		{"faults: {spike: 5}", false},
		{"model: [batchnorm, {dense: auto}]\nreestimate: 1ep", false},
	} {
		if now, err := mustParse(t, base+c.text).JSON(); err != nil || (string(now) == string(old)) != c.same {
			t.Errorf("%s: %v\n%s\nbefore\n%s", c.text, err, now, old)
		}
	}
	if now, err := mustParse(t, "data: {train: x.csv}\nbatch: {size: 32, shards: 1}").JSON(); err != nil || string(now) != string(old) {
		t.Errorf("one shard: %v\n%s", err, now)
	}
}

// TestFaults wants every fault of a configuration, with its place.
func TestFaults(t *testing.T) {
	with := func(lines string) string { return "data: {train: x.csv}\n" + lines }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `c.yaml:1:1: "data" is missing`},
		{"no training data", "data: {}", `c.yaml:1:7: "train" is missing`},
		{"unknown key", with("bacth: 64"), `c.yaml:2:1: unknown key "bacth" (did you mean "batch"?)`},
		{"unknown key inside", "data:\n  train: x\n  tagret: y", `c.yaml:3:3: unknown key "tagret" (did you mean "target"?)`},
		{"nothing near", with("exec: {colour: 1}"), `c.yaml:2:8: unknown key "colour" (want threads, workers, micro, memory, recompute or isa)`},
		{"twice", with("batch: 1\nbatch: 2"), `c.yaml:3:1: key "batch" comes a second time`},
		{"wrong type", with("seed: many"), "c.yaml:2:7: got many (want a whole number, 0 or more)"},
		{"number in quotes", with(`optimizer: {sgd: {lr: "0.1"}}`), `c.yaml:2:23: got "0.1" (want a number above 0)`},
		{"text wanted", "data: {train: 5}", "c.yaml:1:15: got 5 (want text)"},
		{"dim wanted", with("model: mf"), "c.yaml:2:8: got mf (want its dim too, such as {mf: {dim: 64}})"},
		{"unknown model", with("model: resnet21"), `c.yaml:2:8: unknown model resnet21 (did you mean "resnet20"?; else a list of layers`},
		{"list wanted", with("model: relu"), "c.yaml:2:8: got relu (want a list of layers"},
		{"mapping wanted", "data: x.csv", "c.yaml:1:7: got x.csv (want a mapping with train, val"},
		{"learning rate 0", with("optimizer: {adam: {lr: 0}}"), "c.yaml:2:24: got 0 (want above 0)"},
		{"learning rate below 0", with("optimizer:\n  adam:\n    lr: -1e-3"), "c.yaml:4:9: got -1e-3 (want above 0)"},
		{"infinite", with("optimizer: {adam: {lr: 1e999}}"), "c.yaml:2:24: got 1e999 (want a number above 0)"},
		{"not a number", with("optimizer: {adam: {lr: .nan}}"), "c.yaml:2:24: got .nan (want a number above 0)"},
		{"batch 0", with("batch: 0"), "c.yaml:2:8: got 0 (want a whole number, 1 or more, all or auto)"},
		{"batch of half", with("batch: 1.5"), "c.yaml:2:8: got 1.5 (want a whole number"},
		{"momentum 1", with("optimizer: {sgd: {momentum: 1}}"), "c.yaml:2:29: got 1 (want 0 or more, less than 1)"},
		{"dropout 1", with("model: [{dropout: 1}]"), "c.yaml:2:19: got 1 (want 0 or more, less than 1)"},
		{"unknown layer", with("model: [{desne: 3}]"), `c.yaml:2:10: unknown layer "desne" (did you mean "dense"?)`},
		{"unknown lone layer", with("model: {desne: 3}"), `c.yaml:2:9: unknown layer "desne" (did you mean "dense"?)`},
		{"heads", with("model: {gpt: {dim: 30}}"), "c.yaml:2:8: gpt: dim 30 does not divide among heads: 4"},
		{"heads of keys", with("model: [{encoder: {heads: 8, kv_heads: 3}}]"), "c.yaml:2:9: encoder: kv_heads 3 does not divide heads: 8"},
		{"odd heads", with("model: {gpt: {dim: 12, positions: rotary}}"), "positions rotary wants heads of an even size, not 3 (dim 12, heads 4)"},
		{"no such MLP", with("model: {gpt: {mlp: swigl}}"), `unknown value swigl (did you mean "swiglu"?)`},
		{"unknown layer inside", with("model:\n- residual:\n  - relo"), `c.yaml:4:5: unknown layer "relo" (did you mean "relu"?)`},
		{"unknown optimizer", with("optimizer: adma"), `c.yaml:2:12: unknown optimizer "adma" (did you mean "adam"?)`},
		{"unknown loss", with("loss: crossentropy"), `c.yaml:2:7: unknown loss "crossentropy" (did you mean "cross_entropy"?)`},
		{"unknown schedule", with("schedule: {cosin: {}}"), `c.yaml:2:12: unknown schedule "cosin" (did you mean "cosine"?)`},
		{"unknown initializer", with("model: [{dense: {out: 3, init: xaver}}]"), `c.yaml:2:32: unknown initializer "xaver" (did you mean "xavier"?)`},
		{"two kinds", with("optimizer: {adam: {}, sgd: {}}"), "c.yaml:2:12: got a mapping (want one optimizer: sgd, adagrad"},
		{"options of none", with("model: [{relu: 3}]"), "c.yaml:2:16: relu takes no options (got 3)"},
		{"required option", with("model: [dense]"), `c.yaml:2:9: "out" is missing`},
		{"span without unit", with("budget: 20"), `c.yaml:2:9: span "20" has no unit`},
		{"span of 0", with("budget: 0ep"), "c.yaml:2:9: span of 0 (want above 0)"},
		{"budget of a share", with("budget: 5%"), "c.yaml:2:9: got 5% (want epochs, updates, examples, tokens or time"},
		{"memory", with("exec: {memory: 5 apples}"), "c.yaml:2:16: got 5 apples (want an amount such as 512MiB"},
		{"instructions", with("exec: {isa: avx1024}"), `c.yaml:2:13: unknown value avx1024`},
		{"all is split away", "data: {train: x, split: {val: 60%, test: 0.4}}", "c.yaml:1:7: the splits take all examples"},
		{"share", "data: {train: x, split: {val: 100%}}", "c.yaml:1:31: got 100% (want a share such as 10% or 0.1, less than all)"},
		{"nothing to stop by", with("early_stop: {patience: 3}"), "c.yaml:2:13: early stopping wants validation data"},
		{"loss against task", "data: {train: x, task: regression}\nloss: bce", "c.yaml:2:7: loss bce is for classification, but data.task is regression"},
		{"time in updates", with("budget: 1h\nschedule: {step: {every: 1ep}}"), "1ep in schedule step is no known share of a budget of 1h"},
		{"name of a directory", with("name: ../x"), "c.yaml:2:7: got ../x (want a name without slashes"},
		{"anchor", with("batch: &b 3"), "c.yaml:2:8: YAML: anchor is not used in configurations"},
		{"alias", with("seed: &b 3\nbatch: *b"), "c.yaml:3:8: YAML: alias is not used in configurations"},
		{"tag", with("batch: !!int 3"), "c.yaml:2:8: YAML: tag is not used in configurations"},
		{"second document", with("batch: 3\n---\nbatch: 4"), "c.yaml:4:1: a second document (want one)"},
		{"not YAML", "data: [", "c.yaml:1:7: YAML: "},
		{"tabs", "data:\n\ttrain: x", "c.yaml:2:1: YAML: "},
		{"not text", "data: \xff\xfe", "c.yaml: this is not text in UTF-8"},
		{"too deep", strings.Repeat("[", 1000), "c.yaml:1:1: nested deeper than 40 levels"},
		{"too deep in blocks", strings.Repeat("- ", 1000), "nested deeper than 40 levels"},
		{"class weights of 0", with("loss: {cross_entropy: {class_weights: [0, 0]}}"), "c.yaml:2:7: every class weight is 0"},
		{"micro", with("exec: {micro: half}"), "c.yaml:2:15: got half (want a whole number, 1 or more, auto or full)"},
		{"shards 0", with("batch: {size: 8, shards: 0}"), "c.yaml:2:26: got 0 (want a whole number, 1 or more)"},
		{"shards unknown", with("batch: {size: 8, shard: 2}"), `c.yaml:2:18: unknown key "shard" (did you mean "shards"?)`},
		{"more shards than examples", with("batch: {size: 3, shards: 4}"), "c.yaml:2:26: 4 shards of a batch of 3 (want no more shards than examples)"},
		{"more workers than shards", with("batch: {size: 8, shards: 2}\nexec: {workers: 3}"), "c.yaml:3:17: got 3, and batch.shards is 2 (want no more workers than shards)"},
		{"workers without shards", with("exec: {workers: 2}"), "c.yaml:2:17: got 2, and batch.shards is 1"},
		{"recompute", with("exec: {recompute: allways}"), `c.yaml:2:19: unknown value allways (did you mean "always"?)`},
		{"group of 1", with("model: [{batchnorm: 1}]"), "c.yaml:2:21: got 1 (want a whole number, 2 or more, or none)"},
		{"momentum of batch norm", with("model: [{batchnorm: {momentum: 1.5}}]"), "c.yaml:2:32: got 1.5 (want 0 or more, at most 1)"},
		{"eps of batch norm", with("model: [{batchnorm: {eps: 0}}]"), "c.yaml:2:27: got 0 (want above 0)"},
		{"batch norm by another name", with("model: [batch_norm]"), `c.yaml:2:9: unknown layer "batch_norm" (did you mean "batchnorm"?)`},
		{"policy", with("faults: skipp"), `c.yaml:2:9: unknown value skipp (did you mean "skip"?)`},
		{"policy inside", with("faults: {polcy: skip}"), `c.yaml:2:10: unknown key "polcy" (did you mean "policy"?)`},
		{"spike of 1", with("faults: {policy: skip, spike: 1}"), "c.yaml:2:31: got 1 (want a number above 1, or none)"},
		{"factor of 0", with("faults: {factor: 0}"), "c.yaml:2:18: got 0 (want above 0, less than 1)"},
		{"factor of 1", with("faults: {factor: 1}"), "c.yaml:2:18: got 1 (want above 0, less than 1)"},
		{"limit of 0", with("faults: {limit: 0}"), "c.yaml:2:17: got 0 (want a whole number, 1 or more)"},
		{"reestimate in time", with("reestimate: 5min"), "c.yaml:2:13: got 5min (want examples or epochs, such as 10000ex or 1ep, or off)"},
		{"reestimate nothing", with("reestimate: no"), "c.yaml:2:13: got no (want examples or epochs"},
		{"nothing to reestimate", with("model: [{frozen: [batchnorm]}, {dense: auto}]\nreestimate: 1ep"), "c.yaml:3:13: no running statistics to compute: the model has no batchnorm that is not frozen"},
		{"warm-up of nothing", with("sequence_warmup: {from: 0}"), "c.yaml:2:25: got 0 (want a whole number, 1 or more, or off)"},
		{"warm-up in time", with("sequence_warmup: {from: 8, over: 10min}"), "c.yaml:2:34: 10min is no known share of a budget of 10ep (want a share such as 30%)"},
		{"warm-up beyond the budget", with("budget: 100up\nsequence_warmup: {from: 8, over: 200up}"), "c.yaml:3:34: got 200up, more than the budget of 100up"},
		{"micro 0", with("exec: {micro: 0}"), "c.yaml:2:15: got 0 (want"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(c.text))
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if !IsFault(err) {
				t.Errorf("%T is no Faults", err)
			}
		})
	}
}

func TestAllFaultsInOrder(t *testing.T) {
	_, err := Parse("c.yaml", []byte("sed: 1\ndata: {train: x.csv, split: {val: 2}}\nmodel: [{dense: 0}, rleu]\nbatch: -1\noptimizer: {adam: {lr: 0, beta: 3}}"))
	want := []string{"c.yaml:1:1: unknown key \"sed\"", "c.yaml:2:35: got 2", "c.yaml:3:17: got 0", "c.yaml:3:21: unknown layer", "c.yaml:4:8: got -1", "c.yaml:5:24: got 0", "c.yaml:5:27: unknown key \"beta\""}
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("fault %d is %q, want %q", i, lines[i], w)
		}
	}
}

func TestOverrides(t *testing.T) {
	base := "data: {train: x.csv}\noptimizer: adam\nmodel: [{dense: 8}, relu, {dropout: 0.1}]\n"
	c, err := Parse("c.yaml", []byte(base), "optimizer.adam.lr=0.5", "model.0.dense=16", "data.split.val=25%", "name=try 2", "model.2.dropout=0",
		"exec.threads=3", "schedule.step.every=2ep", "schedule.cosine.warmup=10%", "exec={micro: 4}")
	if err != nil {
		t.Fatal(err)
	}
	if c.Optimizer.Options.(*adam).lr != 0.5 || c.Model[0].Options.(*dense).out != 16 || c.Data.Split.Val != 0.25 || c.Name != "try 2" ||
		c.Model[2].Options.(*scaled).x != 0 || c.Schedule.Kind != "cosine" || c.Exec.Threads != 0 || c.Exec.Micro != 4 {
		t.Errorf("got\n%s", c.YAML())
	}
	if c, err = Parse("c.yaml", []byte(base), "optimizer.sgd.momentum=0.9"); err != nil || c.Optimizer.Kind != "sgd" {
		t.Errorf("%v, %s", err, c.YAML())
	}
	for _, set := range [][]string{
		{"batch=32", "batch.shards=4", "faults=skip", "faults.spike=10", "reestimate=1ep", "model.1=batchnorm"},
		{"batch.shards=4", "batch.size=32", "faults.spike=10", "faults.policy=skip", "reestimate=1ep", "model.1={sequential: [{batchnorm: 8}]}"},
	} {
		c, err := Parse("c.yaml", []byte(base), set...)
		if err != nil || c.Batch != 32 || c.Shards != 4 || c.Faults != (Faulty{"skip", 10, 0.5, 10}) || c.Reestimate.String() != "1ep" {
			t.Errorf("%v: %v", set, err)
		}
	}
	for set, want := range map[string]string{
		"batch=0":             "--set batch=0: got 0 (want a whole number, 1 or more, all or auto)",
		"bacth=1":             `--set bacth=1: unknown key "bacth" (did you mean "batch"?)`,
		"data.split.vla=0.1":  `--set data.split.vla=0.1: unknown key "vla" (did you mean "val"?)`,
		"model.9.dense=3":     `--set model.9.dense=3: "model" has no part "9"`,
		"batch":               "--set batch: want key=value",
		"optimizer.adam.lr=0": "--set optimizer.adam.lr=0: got 0 (want above 0)",
		"batch=[":             "--set batch=[",
		"batch=":              `--set batch=: got "" (want a whole number`,
	} {
		_, err := Parse("c.yaml", []byte(base), set)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("--set %s: got %v, want %s", set, err, want)
		}
	}
}

// TestHostile: a file made to exhaust the parser costs little.
func TestHostile(t *testing.T) {
	for _, unit := range []string{"a: ", "- a: ", "? a", "a:\n", "- ", "[a: ", "{a: [", "&a ", "!!x ", "a: |\n", "\"", "'", "# ", "<<: ", "a: >-\n ", "%YAML ", "---\n", "\r"} {
		text := strings.Repeat(unit, maxBytes/len(unit))
		if _, err := Parse("hostile", []byte(text)); err == nil {
			t.Errorf("%q repeated is a configuration", unit)
		}
	}
	deep := new(strings.Builder)
	for i := range 300 {
		deep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	if _, err := Parse("hostile", []byte(deep.String())); err == nil || !strings.Contains(err.Error(), "nested deeper than 40 levels") {
		t.Errorf("300 levels: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(filepath.Join(dir, "none.yaml")); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(path, []byte("bach: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.HasPrefix(err.Error(), path+":1:1: ") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, make([]byte, maxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "is it a configuration?") {
		t.Errorf("got %v", err)
	}
}

// FuzzConfig: no input makes Parse panic, and what it accepts prints and reads
// back.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(everything))
	for _, e := range examples.All() {
		f.Add(e.YAML)
	}
	f.Add([]byte("a: [b: {c: [*x, &y z]}]\n- ? - x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("fuzz", text)
		if err != nil {
			if !IsFault(err) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		roundTrip(t, c)
	})
}
