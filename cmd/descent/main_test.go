package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/report"
)

// asProgram makes the test binary be descent: for exit codes, signals, kills.
const asProgram = "DESCENT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process returns descent as a process of its own that works in dir.
func process(dir string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.Command(os.Args[0], args...)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, stderr
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd, stdout, stderr
}

// call runs descent in this process.
func call(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, &out, &err)
	return code, out.String(), err.String()
}

// mustCall is call of what must succeed.
func mustCall(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := call(args...)
	if code != 0 {
		t.Fatalf("descent %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout, stderr
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// people is a table whose target depends on its columns.
func people(rows int) string {
	var b strings.Builder
	b.WriteString("age,job,income\n")
	for i := range rows {
		age, job := 20+i*7%50, []string{"cook", "judge", "nurse"}[i%3]
		income := "low"
		if age > 40 && job != "cook" || age > 60 {
			income = "high"
		}
		fmt.Fprintf(&b, "%d,%s,%s\n", age, job, income)
	}
	return b.String()
}

func summary(t *testing.T, text string) report.Summary {
	t.Helper()
	var s report.Summary
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("standard output is no summary: %v\n%s", err, text)
	}
	return s
}

func value(vs report.Values, name string) float64 {
	for _, v := range vs {
		if v.Name == name {
			return v.V
		}
	}
	return -1
}

func TestTrainDigits(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	stdout, stderr := mustCall(t, "train", "digits", "--out", out, "--json")
	s := summary(t, stdout)
	if accuracy := value(s.Test, "accuracy"); accuracy < 0.97 || s.Stopped != report.Budget || s.Schema != 1 || len(s.Fingerprint) != 64 {
		t.Errorf("summary %+v", s)
	}
	if !strings.Contains(stderr, "accuracy") || !strings.Contains(stderr, out) {
		t.Errorf("people are told\n%s", stderr)
	}
	for _, file := range []string{"config.yaml", "metrics.jsonl", "journal.jsonl", "summary.json", "model.descent", "checkpoints"} {
		if _, err := os.Stat(filepath.Join(out, file)); err != nil {
			t.Error(err)
		}
	}
	stdout, _ = mustCall(t, "eval", out)
	if want := fmt.Sprintf("accuracy       %.6g\n", value(s.Test, "accuracy")); !strings.Contains(stdout, want) || !strings.Contains(stdout, "test: 359 examples") {
		t.Errorf("eval says\n%swant %s", stdout, want)
	}
	for _, want := range []string{"class  examples  precision  recall  f1", "most confused  taken for", "worst mistakes  class  taken for"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("eval does not tell %q:\n%s", want, stdout)
		}
	}
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	q, e := readQuality(&s)
	if n := bytes.Count(page, []byte(`src="data:image/png;base64,`)); errors.Join(err, e) != nil || n == 0 || n != len(q.Mistakes) || !bytes.Contains(page, []byte("Most confused")) {
		t.Errorf("the report has %d images of %d mistakes, %v, %v", n, len(q.Mistakes), err, e)
	}
	stdout, _ = mustCall(t, "predict", out, "--data", "embedded:digits")
	if lines := strings.Split(stdout, "\n"); len(lines) != 1797+2 || !strings.HasPrefix(lines[0], "y,p(0),p(1),") {
		t.Errorf("%d lines of predictions, the first %q", len(lines), lines[0])
	}
	stdout, _ = mustCall(t, "inspect", out)
	for _, want := range []string{"optimizer:", "Dense(128)", "commit", "fingerprint: " + s.Fingerprint, "0.weight", "micro-batch of 16"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("inspect does not tell %q:\n%s", want, stdout)
		}
	}
}

// TestSameConfigurationSameBits: the configuration that a run leaves makes the
// same run.
func TestSameConfigurationSameBits(t *testing.T) {
	dir := t.TempDir()
	first, _ := mustCall(t, "train", "digits", "--set", "budget=2ep", "--out", filepath.Join(dir, "a"), "--json", "--quiet")
	again, _ := mustCall(t, "train", filepath.Join(dir, "a", "config.yaml"), "--set", "exec={threads: 1, micro: 5}", "--out", filepath.Join(dir, "b"), "--json", "--quiet")
	if a, b := summary(t, first), summary(t, again); a.Fingerprint != b.Fingerprint || a.Updates != 170 {
		t.Errorf("fingerprints %s after %d updates and %s after %d", a.Fingerprint, a.Updates, b.Fingerprint, b.Updates)
	}
}

// TestReplay: a run whose batches a clock has sized, and which it ended, is repeated
// to the same bits, by its own configuration only.
func TestReplay(t *testing.T) {
	dir := t.TempDir()
	first, _ := mustCall(t, "train", "digits", "--set", "budget=0.1s", "--set", "batch=auto", "--out", filepath.Join(dir, "a"), "--json", "--quiet")
	code, _, stderr := call("train", "--replay", filepath.Join(dir, "a"), "--set", "optimizer.adamw.lr=0.5", "--out", filepath.Join(dir, "c"))
	if code != 2 || !strings.Contains(stderr, "optimizer.adamw.lr is 0.5 (the run has") {
		t.Errorf("exit code %d for another configuration: %s", code, stderr)
	}
	again, _ := mustCall(t, "train", "--replay", filepath.Join(dir, "a"), "--set", "exec={threads: 1, micro: 3}", "--out", filepath.Join(dir, "b"), "--json", "--quiet")
	if a, b := summary(t, first), summary(t, again); a.Fingerprint != b.Fingerprint || a.Updates != b.Updates || a.Updates == 0 {
		t.Errorf("fingerprints %s after %d updates and %s after %d", a.Fingerprint, a.Updates, b.Fingerprint, b.Updates)
	}
}

func TestTrainTable(t *testing.T) {
	dir := t.TempDir()
	data, out := write(t, dir, "people.csv", people(900)), filepath.Join(dir, "run")
	stdout, stderr := mustCall(t, "train", "--data", data, "--target", "income", "--out", out, "--json", "--quiet", "--set", "budget=30ep")
	if s := summary(t, stdout); value(s.Test, "accuracy") < 0.95 {
		t.Errorf("summary %+v", s)
	}
	if stderr != "" {
		t.Errorf("--quiet, but\n%s", stderr)
	}

	if _, stderr := mustCall(t, "train", "--data", data, "--target", "income", "--out", out+"2", "--set", "data.split.val=0", "--set", "budget=1ep"); !strings.Contains(stderr, "train 720, test 180 examples") {
		t.Errorf("without validation data:\n%s", stderr)
	}

	fresh := write(t, dir, "fresh.csv", "job,age\njudge,64\ncook,22\npilot,\n")
	stdout, _ = mustCall(t, "predict", out, "--data", fresh)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 4 || lines[0] != "income,p(high),p(low)" || !strings.HasPrefix(lines[1], "high,") || !strings.HasPrefix(lines[2], "low,") {
		t.Errorf("predictions\n%s", stdout)
	}
	file := filepath.Join(dir, "p.jsonl")
	mustCall(t, "predict", out, "--data", fresh, "--format", "jsonl", "--out", file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := json.Unmarshal(bytes.Split(b, []byte("\n"))[0], &row); err != nil || row["income"] != "high" {
		t.Errorf("%v, %s", err, b)
	}
	stdout, _ = mustCall(t, "eval", out, "--data", data, "--json")
	if !strings.Contains(stdout, `"examples": 900`) || !strings.Contains(stdout, `"accuracy"`) {
		t.Errorf("eval says %s", stdout)
	}
}

// TestTrainTableBinary is the same with one score for two classes.
func TestTrainTableBinary(t *testing.T) {
	dir := t.TempDir()
	data, out := write(t, dir, "people.csv", people(900)), filepath.Join(dir, "run")
	stdout, _ := mustCall(t, "train", "--data", data, "--target", "income", "--out", out, "--json", "--quiet",
		"--set", "budget=60ep", "--set", "loss=bce", "--set", "data.categories=embedding",
		"--set", "model=[{categories: 2}, {dense: 32}, relu, {dense: auto}]")
	s := summary(t, stdout)
	if value(s.Test, "accuracy") < 0.95 || value(s.Baseline, "accuracy") > 0.8 {
		t.Errorf("summary %+v", s)
	}
	stdout, _ = mustCall(t, "predict", out, "--data", write(t, dir, "fresh.csv", "job,age\njudge,64\ncook,22\npilot,30\n"))
	if lines := strings.Split(stdout, "\n"); !strings.HasPrefix(lines[1], "high,") || !strings.HasPrefix(lines[2], "low,") {
		t.Errorf("predictions\n%s", stdout)
	}
}

func TestTrainRegression(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("a,b,price\n")
	for i := range 800 {
		x, y := float64(i%37)-18, float64(i%23)-11
		fmt.Fprintf(&b, "%g,%g,%g\n", x, y, 1000+30*x-70*y)
	}
	data, out := write(t, dir, "prices.csv", b.String()), filepath.Join(dir, "run")
	stdout, _ := mustCall(t, "train", "--data", data, "--target", "price", "--out", out, "--json", "--quiet", "--set", "budget=40ep")
	if s := summary(t, stdout); value(s.Test, "r2") < 0.99 {
		t.Errorf("summary %+v", s)
	}
	stdout, _ = mustCall(t, "predict", out, "--data", write(t, dir, "fresh.csv", "a,b\n10,0\n"))
	var got float64
	if _, err := fmt.Sscanf(stdout, "price\n%g\n", &got); err != nil || got < 1250 || got > 1350 {
		t.Errorf("predicts %q (want about 1300)", stdout)
	}
}

func TestTrainArrays(t *testing.T) {
	dir := t.TempDir()
	data, out := npyFolder(t, filepath.Join(dir, "data"), 700, -1), filepath.Join(dir, "run")
	stdout, _ := mustCall(t, "train", "--data", data, "--out", out, "--json", "--quiet", "--set", "optimizer.adamw.lr=1e-2")
	if s := summary(t, stdout); value(s.Test, "accuracy") < 0.95 {
		t.Errorf("summary %+v", s)
	}
	if err := os.Remove(filepath.Join(data, "y.npy")); err != nil {
		t.Fatal(err)
	}
	stdout, _ = mustCall(t, "predict", out, "--data", data)
	if lines := strings.Split(stdout, "\n"); len(lines) != 702 || lines[0] != "y.npy,p(0),p(1)" || !strings.HasPrefix(lines[1], "0,") {
		t.Errorf("predictions\n%.200s", stdout)
	}
	for _, args := range [][]string{{"eval", out}, {"eval", out, "--data", data}, {"train", "--data", data}} {
		if code, _, stderr := call(args...); code != 1 || !strings.Contains(stderr, "y.npy") {
			t.Errorf("%v without y.npy: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestInspectFiles(t *testing.T) {
	dir := t.TempDir()
	data, out := write(t, dir, "people.csv", people(100)), filepath.Join(dir, "run")
	stdout, _ := mustCall(t, "inspect", data, "--set", "data.target=income")
	if !strings.Contains(stdout, "job: categorical, 3 categories") || !strings.Contains(stdout, "train 69, val 11, test 20") {
		t.Errorf("of a table:\n%s", stdout)
	}
	mustCall(t, "train", "--data", data, "--target", "income", "--out", out, "--quiet", "--set", "budget=1ep")
	stdout, _ = mustCall(t, "inspect", filepath.Join(out, "model.descent"))
	if !strings.Contains(stdout, "0.weight") || !strings.Contains(stdout, "target income: 2 classes") {
		t.Errorf("of a model:\n%s", stdout)
	}
	files, _ := filepath.Glob(filepath.Join(out, "checkpoints", "update-*"))
	if len(files) == 0 {
		t.Fatal("no checkpoint")
	}
	if stdout, _ = mustCall(t, "inspect", files[0]); !strings.Contains(stdout, "optim/2.weight/m") {
		t.Errorf("of a checkpoint:\n%s", stdout)
	}
}

func TestListExamples(t *testing.T) {
	stdout, stderr := mustCall(t, "train")
	for _, name := range examples.Names() {
		if !strings.Contains(stderr, "  "+name+" ") {
			t.Errorf("%s is not in the list:\n%s", name, stderr)
		}
	}
	if stdout != "" {
		t.Errorf("standard output %q", stdout)
	}
}

// TestExamplesWithData: every example whose data are there fits them: it loads and
// compiles.
func TestExamplesWithData(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no data sets: %v", err)
	}
	for _, e := range examples.All()[1:] {
		code, stdout, stderr := call("inspect", e.Name, "--data", folder)
		if strings.Contains(stderr, "there is none in "+folder) {
			t.Logf("%s is left out: %s", e.Name, stderr)
			continue
		}
		if code != exitDone {
			t.Errorf("%s: exit code %d, %s", e.Name, code, stderr)
		} else if !strings.Contains(stdout, "micro-batch of") {
			t.Errorf("%s:\n%s", e.Name, stdout)
		}
	}
}

func TestVersion(t *testing.T) {
	if stdout, _ := mustCall(t, "version"); !strings.HasPrefix(stdout, "descent ") || !strings.Contains(stdout, "instructions ") {
		t.Errorf("got %q", stdout)
	}
	command, _ := mustCall(t, "version")
	if flag, _ := mustCall(t, "--version"); flag != command {
		t.Errorf("--version prints %q, version %q", flag, command)
	}
}

// TestPlainJSON: names in JSON are spelled as they are.
func TestPlainJSON(t *testing.T) {
	dir := t.TempDir()
	spell := strings.NewReplacer("income", "a<b", "high", ">50K", "low", "<=50K")
	data, out := write(t, dir, "a&b.csv", spell.Replace(people(90))), filepath.Join(dir, "run")
	mustCall(t, "train", "--data", data, "--target", "a<b", "--out", out, "--quiet", "--set", "budget=1ep")
	stdout, _ := mustCall(t, "eval", out, "--data", data, "--json")
	if !strings.HasPrefix(stdout, "{\n  \"data\": \"") || !strings.Contains(stdout, `a&b.csv",`) {
		t.Errorf("eval says %s", stdout)
	}
	stdout, _ = mustCall(t, "predict", out, "--data", data, "--format", "jsonl")
	if !strings.HasPrefix(stdout, `{"a<b":"`) || !strings.Contains(stdout, `"p(<=50K)":`) || !strings.Contains(stdout, `"p(>50K)":`) {
		t.Errorf("predictions %.300s", stdout)
	}
}
