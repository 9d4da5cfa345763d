package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// idxFolder writes a data set like MNIST of tiny images.
func idxFolder(t *testing.T, dir string, trainLabels, testLabels []byte) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for part, labels := range map[string][]byte{"train": trainLabels, "t10k": testLabels} {
		n := uint32(len(labels))
		images := []byte{0, 0, 8, 3}
		for _, d := range []uint32{n, 2, 2} {
			images = binary.BigEndian.AppendUint32(images, d)
		}
		images = append(images, make([]byte, 4*n)...)
		write(t, dir, part+"-images-idx3-ubyte", string(images))
		write(t, dir, part+"-labels-idx1-ubyte", string(append(binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, n), labels...)))
	}
	return dir
}

// npyFolder writes arrays of n examples of two numbers and their class, which
// is whether the first is larger. The number at nan is none.
func npyFolder(t *testing.T, dir string, n, nan int) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	array := func(descr, shape string, data []byte) string {
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
		return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(header)))) + header + string(data)
	}
	var x, y []byte
	for i := range n {
		pair := []float32{float32(i * 7 % 13), float32(i*5%11) + 0.5}
		for j, v := range pair {
			if 2*i+j == nan {
				v = float32(math.NaN())
			}
			x = binary.LittleEndian.AppendUint32(x, math.Float32bits(v))
		}
		class := uint32(0)
		if pair[0] > pair[1] {
			class = 1
		}
		y = binary.LittleEndian.AppendUint32(y, class)
	}
	write(t, dir, "x.npy", array("<f4", fmt.Sprint(n, ", 2"), x))
	write(t, dir, "y.npy", array("<i4", fmt.Sprint(n, ","), y))
	return dir
}

// TestBadInput: each mistake has its exit code and one message that names the
// place and what to do.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	good := write(t, dir, "good.csv", people(60))
	table := func(name, text string) string { return write(t, dir, name, text) }
	config := func(name, text string) string { return write(t, dir, name, text) }
	taken := filepath.Join(dir, "taken")
	if err := os.Mkdir(taken, 0o755); err != nil {
		t.Fatal(err)
	}
	on := func(data string, more ...string) []string {
		return append([]string{"train", "--data", data, "--target", "income"}, more...)
	}
	lines := strings.SplitAfter(people(60), "\n")
	spoil := func(line int, text string) string {
		changed := append([]string{}, lines...)
		changed[line] = text + "\n"
		return strings.Join(changed, "")
	}
	many := strings.Repeat(strings.Join(lines[1:], ""), 4)

	for _, c := range []struct {
		name string
		args []string
		code int
		want []string // in standard error
	}{
		{"missing file", on(filepath.Join(dir, "none.csv")), 1, []string{"none.csv", "no such file"}},
		{"missing relative file", on("none.csv"), 1, []string{"none.csv", "looked in"}},
		{"missing target", []string{"train", "--data", good}, 2, []string{"good.csv", "name the one to predict", "--target", "age, job or income"}},
		{"unknown target", []string{"train", "--data", good, "--target", "incme"}, 2, []string{"good.csv", `no column "incme"`, `did you mean "income"?`}},
		{"non-numeric cell", on(table("cell.csv", lines[0]+many+"many,cook,low\n")), 1, []string{"cell.csv:242", `column "age"`, `"many" is not a finite number`}},
		{"declared numeric", on(good, "--set", "data.columns={job: numeric}"), 1, []string{"good.csv:2", `column "job"`, `"cook" is not a finite number`}},
		{"NaN", on(table("nan.csv", spoil(5, "inf,cook,low")), "--set", "data.columns={age: numeric}"), 1, []string{"nan.csv:6", `column "age"`, `"inf" is not a finite number`}},
		{"missing cell of the target", on(table("target.csv", spoil(5, "30,cook,"))), 1, []string{"target.csv:6", `column "income"`, "the target is missing", "drop the row"}},
		{"ragged row", on(table("ragged.csv", spoil(5, "30,cook"))), 1, []string{"ragged.csv:6", "2 cells (want 3"}},
		{"NaN in an array", []string{"train", "--data", npyFolder(t, filepath.Join(dir, "npy"), 6, 5)}, 1, []string{"x.npy", `field "x", example 2, element 1: NaN (want a finite number)`}},
		{"empty data", on(table("empty.csv", "")), 1, []string{"empty.csv", "no rows"}},
		{"only a header", on(table("header.csv", "age,job,income\n")), 1, []string{"header.csv", "no "}},
		{"one class", on(table("class.csv", strings.ReplaceAll(people(60), "high", "low"))), 1, []string{"class.csv", `every row has class "low"`}},
		{"batch larger than the data", on(good, "--set", "batch=1000"), 2, []string{"size 1000 is larger than the training data", "at most 42, or all"}},
		{"mismatched shapes", on(good, "--set", "batch=8", "--set", "model=[{dense: 4}, {residual: [{dense: 5}]}, {dense: auto}]"), 2,
			[]string{"--set model=", "layer 1, residual", "[B 4] to f32[B 5]"}},
		{"reshape", []string{"train", config("shape.yaml", "data: {train: "+good+", target: income}\nmodel:\n  - {dense: 4}\n  - {sequential: [relu, {reshape: [3, 5]}]}\n")}, 2,
			[]string{"shape.yaml:4:25", "layer 1.1, reshape", "4 elements do not fill"}},
		{"too few scores", on(good, "--set", "model=[{dense: 1}]"), 2, []string{"1 scores for the 2 classes of income", "{dense: auto}"}},
		{"class weights", on(good, "--set", "loss.cross_entropy.class_weights=[1, 2, 3]"), 2, []string{"3 class weights", "2 classes"}},
		{"unknown key", []string{"train", config("key.yaml", "data: {train: x}\nbacth: 3\n")}, 2, []string{"key.yaml:2:1", `unknown key "bacth"`, `did you mean "batch"?`}},
		{"wrong type", []string{"train", config("type.yaml", "data: {train: x}\nbatch: [3]\n")}, 2, []string{"type.yaml:2:8", "got a list (want a whole number, 1 or more, all or auto)"}},
		{"learning rate 0", on(good, "--set", "optimizer.sgd.lr=0"), 2, []string{"--set optimizer.sgd.lr=0: got 0 (want above 0)"}},
		{"learning rate below 0", []string{"train", config("rate.yaml", "data: {train: x}\noptimizer: {adam: {lr: -1}}\n")}, 2, []string{"rate.yaml:2:24", "got -1 (want above 0)"}},
		{"existing --out", on(good, "--out", taken), 2, []string{taken + " exists", "--resume"}},
		{"no such configuration", []string{"train", "none.yaml"}, 2, []string{"no configuration none.yaml"}},
		{"no such example", []string{"train", "digit"}, 2, []string{`no example "digit"`, "digits, mnist-mlp"}},
		{"example without data", []string{"train", "mnist-mlp"}, 2, []string{"needs mnist", "--data", "DESCENT_DATA"}},
		{"example with data in vain", []string{"train", "mnist-mlp", "--data", dir}, 1, []string{filepath.Join(dir, "mnist"), "no such file"}},
		{"folder without images", []string{"train", "--data", taken}, 1, []string{"train-images-idx3-ubyte", taken}},
		{"label out of range", []string{"train", "--data", idxFolder(t, filepath.Join(dir, "label"), []byte{0, 1, 2, 0, 1, 2, 0, 1, 2, 0}, []byte{0, 7})}, 1,
			[]string{"t10k-images-idx3-ubyte", "image 1: class 7 (want 0 to 2)"}},
		{"target of images", []string{"train", "--data", filepath.Join(dir, "label"), "--target", "y"}, 2, []string{"data.target", "remove it"}},
		{"two configurations", []string{"train", "digits", "digits"}, 2, []string{`unexpected argument "digits"`}},
		{"unknown flag", []string{"train", "--ouT", "x"}, 2, []string{"unknown flag: --ouT", "descent train --help"}},
		{"unknown command", []string{"trian"}, 2, []string{`unknown command "trian"`, `did you mean "train"?`}},
		{"resume nothing", []string{"train", "digits", "--resume", "--out", filepath.Join(dir, "nowhere")}, 2, []string{"cannot resume", "nowhere"}},
		{"eval nothing", []string{"eval", filepath.Join(dir, "nowhere")}, 2, []string{"nowhere is no run directory"}},
		{"eval what is no run", []string{"eval", taken}, 1, []string{taken, "no checkpoint"}},
		{"eval without argument", []string{"eval"}, 2, []string{"descent eval RUN"}},
		{"predict without data", []string{"predict", taken}, 2, []string{"predict wants --data"}},
		{"predict format", []string{"predict", taken, "--data", good, "--format", "xml"}, 2, []string{`--format "xml" (want csv, jsonl, table or auto)`}},
		{"inspect nothing", []string{"inspect", "nowhere"}, 2, []string{"nowhere is no run, configuration, example or file"}},
		{"tier of instructions", on(good, "--set", "exec.isa=avx3"), 2, []string{"exec.isa=avx3: unknown value avx3", "avx2"}},
		{"loss against target", on(good, "--set", "loss=mse"), 2, []string{"good.csv", `column "income"`, "regression wants numbers"}},
		{"loss of two classes", []string{"train", "digits", "--set", "loss=bce"}, 2, []string{"bce wants 2 classes", "has 10"}},
		{"unknown column", on(good, "--set", "data.columns={jbo: categorical}"), 2, []string{"good.csv", `no column "jbo"`}},
		{"unknown weight", on(good, "--set", "data.weight=w"), 2, []string{"good.csv", `no column "w"`}},
		{"folder", []string{"train", dir}, 2, []string{dir + " is a folder", "--data " + dir}},
		{"everything frozen", on(good, "--set", "model=[{frozen: [{dense: auto}]}]"), 2, []string{"model: every parameter is frozen"}},
		{"nothing to train", on(good, "--set", "data.columns={age: categorical}", "--set", "model=[relu]"), 2, []string{"model: no layer has parameters"}},
		{"an array of a folder", []string{"train", "--data", filepath.Join(npyFolder(t, filepath.Join(dir, "pair"), 9, -1), "x.npy")}, 2,
			[]string{"x.npy: an array of NumPy (want the folder that holds x.npy and y.npy, such as " + filepath.Join(dir, "pair") + ")"}},
		{"a file of images", []string{"train", "--data", filepath.Join(dir, "label", "train-images-idx3-ubyte")}, 2, []string{"an IDX file (want the folder", filepath.Join(dir, "label")}},
		{"a packed file of images", []string{"train", "--data", table("train-labels-idx1-ubyte.gz", "packed")}, 2, []string{"an IDX file (want the folder"}},
		{"weights of 0", on(good, "--set", "loss={cross_entropy: {class_weights: [0, 0]}}"), 2, []string{"every class weight is 0"}},
		{"embedding of measures", on(good, "--set", "model=[{embedding: {rows: 4, dim: 2}}, flatten, {dense: auto}]"), 2,
			[]string{"layer 0, embedding: it looks up whole numbers", "{categories: 8}", "data.categories to embedding"}},
		{"classes of measures", []string{"train", "--data", good, "--target", "age", "--set", "loss=cross_entropy"}, 2, []string{"good.csv", "the target age holds numbers", "set loss to mse"}},
		{"nesterov without momentum", on(good, "--set", "optimizer.sgd.nesterov=true"), 2, []string{"Nesterov", "momentum above 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.HasPrefix(c.name, "example") {
				t.Setenv(dataFolder, "")
			}
			code, stdout, stderr := call(c.args...)
			if code != c.code || stdout != "" {
				t.Errorf("exit code %d, want %d; standard output %q", code, c.code, stdout)
			}
			for _, w := range c.want {
				if !strings.Contains(stderr, w) {
					t.Errorf("the message does not name %q", w)
				}
			}
			if !strings.HasPrefix(stderr, "descent: ") || strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "Usage:") {
				t.Error("the message is more than a message")
			}
			t.Log(strings.TrimSpace(stderr))
		})
	}
	if runs, _ := filepath.Glob("runs/*"); len(runs) > 0 {
		t.Errorf("a run that could not begin left %v", runs)
	}
}

// TestBadDataForModel: data that do not fit a trained model.
func TestBadDataForModel(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "run")
	mustCall(t, "train", "--data", write(t, dir, "people.csv", people(100)), "--target", "income", "--out", out, "--quiet", "--set", "budget=1ep")
	for _, c := range []struct {
		name, data string
		command    string
		want       string
	}{
		{"missing column", "age,income\n3,low\n4,high\n", "predict", `no column "job", which the model wants`},
		{"bad cell", "age,job,income\n3,cook,low\nold,cook,low\n", "predict", `data.csv:3: column "age": cell "old" is not a finite number`},
		{"label out of range", "age,job,income\n3,cook,low\n3,cook,middle\n", "eval", `data.csv:3: column "income": class "middle" is not one of high, low`},
		{"no target", "age,job\n3,cook\n", "eval", `data.csv: no column "income", the target`},
	} {
		code, _, stderr := call(c.command, out, "--data", write(t, dir, "data.csv", c.data))
		if code != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %s; want %s", c.name, code, stderr, c.want)
		}
	}
}

// TestBadConfigurationOfRun: what only training can find to be wrong with a
// configuration has its exit code too.
func TestBadConfigurationOfRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	mustCall(t, "train", "digits", "--set", "budget=5up", "--out", out, "--quiet")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"train", "digits", "--quiet", "--out", out + "2", "--set", "exec.memory=1KiB"}, "(exec.memory) is too little"},
		{[]string{"train", "--quiet", "--resume", out, "--set", "seed=9"}, "seed is 9 (the run has 1)"},
		{[]string{"train", "--quiet", "--resume", out, "--set", "optimizer.adamw.lr=1e-3"}, "optimizer.adamw.lr is 0.001"},
	} {
		if code, _, stderr := call(c.args...); code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
}
