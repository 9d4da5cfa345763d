package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// verses is a text that is easy to learn.
func verses(t *testing.T, dir string) string {
	return write(t, dir, "verses.txt", strings.Repeat("to be or not to be, that is the question:\n", 80))
}

// tiny makes the model of a text small, and its run short.
var tiny = []string{"--set", "model={gpt: {layers: 1, heads: 2, dim: 16}}", "--set", "data.window=16", "--set", "budget=12up", "--set", "exec.threads=1"}

func trainText(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	return mustCall(t, append(append([]string{"train"}, tiny...), args...)...)
}

// TestTextByItself: a .txt trains a language model, is measured in bits per
// character, and every command takes its run.
func TestTextByItself(t *testing.T) {
	dir := t.TempDir()
	data, run := verses(t, dir), filepath.Join(dir, "run")
	stdout, stderr := trainText(t, "--data", data, "--out", run, "--json")
	s := summary(t, stdout)
	bits, ok := s.Val.Get("bits_per_char")
	if !ok || !(bits > 0) || s.Tokens != 12*12*16 || s.Baseline == nil {
		t.Errorf("summary %+v", s)
	}
	for _, want := range []string{"windows of 16 tokens; language model of 16 different tokens", "tok/s", "bits_per_char", "uniform"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if stdout, _ := mustCall(t, "eval", run, "--split", "val"); !strings.Contains(stdout, "bits_per_char") {
		t.Errorf("eval says\n%s", stdout)
	}
	if stdout, _ := mustCall(t, "eval", run, "--data", data); !strings.Contains(stdout, "perplexity") {
		t.Errorf("eval of a file says\n%s", stdout)
	}
	if stdout, _ := mustCall(t, "verify", run); !strings.Contains(stdout, "agree bit for bit") {
		t.Errorf("verify says\n%s", stdout)
	}
	if stdout, _ := mustCall(t, "explain", run, "--update", "5"); !strings.Contains(stdout, "update 5") {
		t.Errorf("explain says\n%s", stdout)
	}
	if stdout, _ := mustCall(t, "inspect", run); !strings.Contains(stdout, "text: chars, 16 different, windows of 16") || !strings.Contains(stdout, "GPT(1 layers") {
		t.Errorf("inspect says\n%s", stdout)
	}
	if page, err := os.ReadFile(filepath.Join(run, reportName)); err != nil || !strings.Contains(string(page), "bits per character") {
		t.Errorf("no bits per character in the report: %v", err)
	}
	if code, _, stderr := call("predict", run, "--data", data); code != exitUsage || !strings.Contains(stderr, "descent generate") {
		t.Errorf("predict: %d, %s", code, stderr)
	}
}

// TestTextAgain: the file that init writes, a resumed run, and segments that
// grow are as exact as tables are.
func TestTextAgain(t *testing.T) {
	dir := t.TempDir()
	data, file := verses(t, dir), filepath.Join(dir, "verses.yaml")
	mustCall(t, append([]string{"init", data, "--out", file}, tiny...)...)
	warm := []string{"--set", "sequence_warmup={from: 4, over: 50%}", "--quiet", "--json"}
	a, _ := trainText(t, append(warm, "--data", data, "--out", filepath.Join(dir, "a"))...)
	b, _ := mustCall(t, append([]string{"train", file, "--out", filepath.Join(dir, "b"), "--set", "exec.micro=5"}, warm...)...)
	if x, y := summary(t, a), summary(t, b); x.Fingerprint != y.Fingerprint {
		t.Errorf("fingerprints %s and %s", x.Fingerprint, y.Fingerprint)
	}
	if stdout, _ := mustCall(t, "compare", filepath.Join(dir, "a"), filepath.Join(dir, "b")); !strings.Contains(stdout, "the same bits") || !strings.Contains(stdout, "val.bits_per_char") || !strings.Contains(stdout, "tokens_per_second") {
		t.Errorf("compared:\n%s", stdout)
	}
	page, err := os.ReadFile(filepath.Join(dir, "a", reportName))
	for _, want := range []string{"tokens a second", "positions of a segment"} {
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("no %s in the report: %v", want, err)
		}
	}
	if stdout, _ := mustCall(t, "verify", filepath.Join(dir, "a")); !strings.Contains(stdout, "agree bit for bit") {
		t.Errorf("verify says\n%s", stdout)
	}
	if _, stderr := mustCall(t, "train", "--from", filepath.Join(dir, "a"), "--data", data, "--out", filepath.Join(dir, "c"), "--set", "budget=2up"); !strings.Contains(stderr, "2 updates") {
		t.Errorf("fine-tuning says\n%s", stderr)
	}
}

// TestTextResume: a run that lost its last checkpoints goes on to the same bits
// and the same samples.
func TestTextResume(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	whole, _ := trainText(t, "--data", verses(t, dir), "--out", run, "--json", "--quiet",
		"--set", "checkpoint={every: 4up, keep: 9}", "--set", "sample={every: 3up, tokens: 5}", "--set", "sequence_warmup={from: 2, over: 100%}")
	before, err := report.ReadSamples(run)
	if err != nil {
		t.Fatal(err)
	}
	states, err := filepath.Glob(filepath.Join(run, train.CheckpointsDir, "*.safetensors"))
	if err != nil || len(states) < 3 {
		t.Fatalf("checkpoints %v, %v", states, err)
	}
	for _, late := range states[1:] { // sorted by update
		if err := os.Remove(late); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := mustCall(t, "train", "--resume", run, "--json", "--quiet")
	if x, y := summary(t, whole), summary(t, again); x.Fingerprint != y.Fingerprint || y.Updates != 12 {
		t.Errorf("fingerprints %s and %s", x.Fingerprint, y.Fingerprint)
	}
	if after, err := report.ReadSamples(run); err != nil || !slices.Equal(after, before) {
		t.Errorf("samples %v, %v, want %v", after, err, before)
	}
}

// TestTextSamples: a model writes on the way, which changes no bit and needs a
// tokenizer.
func TestTextSamples(t *testing.T) {
	dir := t.TempDir()
	data, run := verses(t, dir), filepath.Join(dir, "a")
	with, stderr := trainText(t, "--data", data, "--out", run, "--json", "--set", "sample={every: 6up, prompt: to, tokens: 9}")
	without, _ := trainText(t, "--data", data, "--out", filepath.Join(dir, "b"), "--json", "--set", "sample.every=none")
	if x, y := summary(t, with), summary(t, without); x.Fingerprint != y.Fingerprint {
		t.Errorf("fingerprints %s and %s", x.Fingerprint, y.Fingerprint)
	}
	samples, err := report.ReadSamples(run)
	if err != nil || len(samples) != 2 || len(samples[1].Text) != len("to")+9 || !strings.HasPrefix(samples[1].Text, "to") {
		t.Errorf("samples %v, %v", samples, err)
	}
	if !strings.Contains(stderr, "wrote after update 6:\n  │ to") {
		t.Errorf("no sample in\n%s", stderr)
	}
	page, err := os.ReadFile(filepath.Join(run, reportName))
	if err != nil || !strings.Contains(string(page), "after update 12") {
		t.Errorf("no sample in the report: %v", err)
	}
	plain := write(t, dir, "plain.txt", strings.Repeat("no end of a line ", 80))
	if _, stderr := trainText(t, "--data", plain, "--out", filepath.Join(dir, "p")); strings.Contains(stderr, "no sample") || !strings.Contains(stderr, "wrote after update 12") {
		t.Errorf("a text of one line gives\n%s", stderr)
	}
	if code, _, stderr := call(append([]string{"train", "--data", plain, "--out", filepath.Join(dir, "q"), "--set", "sample.prompt=Q"}, tiny...)...); code != exitUsage || !strings.Contains(stderr, "sample.prompt: ") {
		t.Errorf("a prompt of unknown characters: %d, %s", code, stderr)
	}
	tokens := write(t, dir, "train.bin", strings.Repeat("\x01\x00\x02\x00\x03\x00", 200))
	if code, _, stderr := call("train", "--data", tokens, "--set", "sample.every=10%", "--out", filepath.Join(dir, "c")); code != exitUsage || !strings.Contains(stderr, "no known tokenizer") {
		t.Errorf("samples of tokens: %d, %s", code, stderr)
	}
}

// TestShakespeareWithoutData: one message says what is needed and where it is.
func TestShakespeareWithoutData(t *testing.T) {
	t.Setenv(dataFolder, "")
	for _, args := range [][]string{{"train", "shakespeare"}, {"train", "shakespeare", "--data", t.TempDir()}} {
		code, _, stderr := call(args...)
		if code != exitUsage || !strings.Contains(stderr, "tinyshakespeare/input.txt") || !strings.Contains(stderr, "curl -O https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt") {
			t.Errorf("%v: %d, %s", args, code, stderr)
		}
	}
	data := verses(t, t.TempDir())
	if stdout, _ := mustCall(t, "inspect", "shakespeare", "--data", data); !strings.Contains(stdout, "GPT(4 layers") {
		t.Errorf("inspect says\n%s", stdout)
	}
}

// messages are texts of two classes without a header.
func messages(t *testing.T, dir string) string {
	var b strings.Builder
	for i := range 120 {
		fmt.Fprintf(&b, "spam\twin cash now, call %d\t1\nham\tsee you at home at %d\t2\n", i%7, i%5)
	}
	return write(t, dir, "sms.tsv", b.String())
}

// TestTextsByColumn: a column of texts is classified, beside a guess and a bag
// of words, and new texts are predicted by the tokenizer in the model file.
func TestTextsByColumn(t *testing.T) {
	dir := t.TempDir()
	data, run := messages(t, dir), filepath.Join(dir, "run")
	small := []string{"--target", "0", "--text", "1", "--set", "model=[{encoder: {layers: 1, heads: 2, dim: 8}}, {dense: auto}]", "--set", "budget=3ep"}
	stdout, stderr := mustCall(t, append([]string{"train", "--data", data, "--out", run, "--json"}, small...)...)
	if s := summary(t, stdout); len(s.Test) < 2 || s.Tokens != 0 {
		t.Errorf("summary %+v", s)
	}
	for _, want := range []string{"guess", "linear", "accuracy", "c2"} { // c2 is not used
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if stdout, _ := mustCall(t, "inspect", run); !strings.Contains(stdout, `text of "c1": words, `) || !strings.Contains(stdout, "Encoder(1 layers") {
		t.Errorf("inspect says\n%s", stdout)
	}
	if err := os.Remove(data); err != nil {
		t.Fatal(err)
	}
	fresh := write(t, dir, "new.tsv", "ham\tcall now, unheard of\t0\nspam\tat home\t0\n")
	if stdout, _ := mustCall(t, "predict", run, "--data", fresh); strings.Count(stdout, "\n") != 3 || !strings.HasPrefix(stdout, "c0,p(ham),p(spam)\n") {
		t.Errorf("predicted\n%s", stdout)
	}
	if stdout, _ := mustCall(t, "eval", run, "--data", fresh); !strings.Contains(stdout, "accuracy") {
		t.Errorf("eval says\n%s", stdout)
	}
	commas := write(t, dir, "new.csv", "ham,\"call now, unheard of\",0\nspam,at home,0\n")
	if stdout, _ := mustCall(t, "predict", run, "--data", commas); strings.Count(stdout, "\n") != 3 {
		t.Errorf("predicted of a CSV\n%s", stdout)
	}
	alone := write(t, dir, "alone.tsv", "call now\nat home\n")
	code, _, stderr := call("predict", run, "--data", alone)
	if code == 0 || !strings.Contains(stderr, "data.names: [c1], data.header: no") {
		t.Errorf("texts alone: exit code %d, %s", code, stderr)
	}
	if stdout, _ := mustCall(t, "predict", run, "--data", alone, "--set", "data.names=[c1]", "--set", "data.header=no"); strings.Count(stdout, "\n") != 3 {
		t.Errorf("predicted of texts alone\n%s", stdout)
	}
}

// TestTextsInit: init writes the configuration of texts, which trains to the
// same bits.
func TestTextsInit(t *testing.T) {
	dir := t.TempDir()
	data, file := messages(t, dir), filepath.Join(dir, "sms.yaml")
	mustCall(t, "init", data, "--target", "0", "--text", "1", "--out", file, "--set", "model=[{encoder: {layers: 1, heads: 2, dim: 8}}, {dense: auto}]", "--set", "budget=1ep")
	a, _ := mustCall(t, "train", file, "--out", filepath.Join(dir, "a"), "--json", "--quiet")
	b, _ := mustCall(t, "train", "--data", data, "--target", "0", "--text", "1", "--out", filepath.Join(dir, "b"), "--json", "--quiet",
		"--set", "model=[{encoder: {layers: 1, heads: 2, dim: 8}}, {dense: auto}]", "--set", "budget=1ep")
	if x, y := summary(t, a), summary(t, b); x.Fingerprint != y.Fingerprint {
		t.Errorf("fingerprints %s and %s", x.Fingerprint, y.Fingerprint)
	}
	if code, _, stderr := call("train", "--data", data, "--target", "0", "--text", "body"); code == 0 || !strings.Contains(stderr, `"body"`) {
		t.Errorf("no such column: %d, %s", code, stderr)
	}
}

// TestTextsOfValues: texts that have a number each are a regression.
func TestTextsOfValues(t *testing.T) {
	dir := t.TempDir()
	var rows strings.Builder
	for i := range 90 {
		fmt.Fprintf(&rows, "%d.5\tbest of %d, or %d\n", i, i, i*i)
	}
	stdout, _ := mustCall(t, "train", "--data", write(t, dir, "stars.tsv", "stars\ttext\n"+rows.String()), "--target", "stars", "--text", "text",
		"--out", filepath.Join(dir, "run"), "--quiet", "--json", "--set", "budget=1ep")
	if s := summary(t, stdout); s.Best == nil || s.Best.Metric != "loss" {
		t.Errorf("best validation %+v", s.Best)
	}
}

// TestTextOfOneLine: a text without an end of a line, shorter than a batch, is
// trained on and goes on from its other characters; a prompt that it cannot have
// is refused before it is trained on.
func TestTextOfOneLine(t *testing.T) {
	dir := t.TempDir()
	data, run := write(t, dir, "line.txt", strings.Repeat("to be or not to be, ", 8)), filepath.Join(dir, "run")
	_, stderr := trainText(t, "--data", data, "--out", run, "--set", "sample.every=6up", "--set", "sample.tokens=4")
	if !strings.Contains(stderr, "wrote after update 6") || strings.Contains(stderr, "warning") {
		t.Errorf("samples:\n%s", stderr)
	}
	if stdout, _ := mustCall(t, "generate", run, "--tokens", "9"); len(stdout) != 10 {
		t.Errorf("wrote %q", stdout)
	}
	code, _, stderr := call("train", "--data", data, "--out", filepath.Join(dir, "b"), "--set", "sample.prompt=Q")
	if code != exitUsage || !strings.Contains(stderr, "sample.prompt: tokenizer: character 'Q'") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := call("train", data); code != exitUsage || !strings.Contains(stderr, "--data "+data) {
		t.Errorf("a text as a configuration: exit code %d, %s", code, stderr)
	}
}
