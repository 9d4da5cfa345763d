package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// TestInit: the file that init writes trains to the same bits as the data
// without configuration; it is not overwritten.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	data, file := write(t, dir, "people.csv", people(300)), filepath.Join(dir, "people.yaml")
	_, said := mustCall(t, "init", data, "--target", "income", "--out", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"#   job: categorical, 3 categories: cook, judge, nurse", "# layers from the inputs", "\nmodel:", "\ndata:"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if !strings.Contains(said, "descent train "+file) {
		t.Errorf("init says %s", said)
	}
	a, _ := mustCall(t, "train", "--data", data, "--target", "income", "--out", filepath.Join(dir, "a"), "--json", "--quiet")
	b, _ := mustCall(t, "train", file, "--out", filepath.Join(dir, "b"), "--json", "--quiet")
	if x, y := summary(t, a), summary(t, b); x.Fingerprint != y.Fingerprint {
		t.Errorf("fingerprints %s and %s", x.Fingerprint, y.Fingerprint)
	}
	if code, _, stderr := call("init", data, "--target", "income", "--out", file); code != exitUsage || !strings.Contains(stderr, "exists") {
		t.Errorf("again: %d, %s", code, stderr)
	}
	if code, _, stderr := call("init", data, "--target", "incme", "--out", filepath.Join(dir, "c.yaml")); code == 0 || !strings.Contains(stderr, `did you mean "income"?`) {
		t.Errorf("no such column: %d, %s", code, stderr)
	}

	stdout, _ := mustCall(t, "compare", filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	if !strings.Contains(stdout, "training data: same; weights and state: the same bits") || !strings.Contains(stdout, "  the same") {
		t.Errorf("compared:\n%s", stdout)
	}
	mustCall(t, "train", file, "--set", "batch=16", "--out", filepath.Join(dir, "c"), "--quiet")
	stdout, _ = mustCall(t, "compare", filepath.Join(dir, "a"), filepath.Join(dir, "c"))
	if !strings.Contains(stdout, "weights and state: different") || !strings.Contains(stdout, "  batch ") || !strings.Contains(stdout, "test accuracy") {
		t.Errorf("compared:\n%s", stdout)
	}
	if stdout, _ = mustCall(t, "compare", "--json", filepath.Join(dir, "a"), filepath.Join(dir, "c")); !strings.Contains(stdout, `"same_fingerprint": false`) {
		t.Errorf("as JSON:\n%s", stdout)
	}
	if code, _, stderr := call("compare", dir, filepath.Join(dir, "a")); code != exitUsage || !strings.Contains(stderr, "no run directory") {
		t.Errorf("no run: %d, %s", code, stderr)
	}
}

// TestSeveralTargets predicts two values, and two labels.
func TestSeveralTargets(t *testing.T) {
	dir := t.TempDir()
	var rows strings.Builder
	rows.WriteString("a,b,u,v,p,q\n")
	for i := range 200 {
		a, b := i%17, i*7%23
		rows.WriteString(strings.Join([]string{strconv.Itoa(a), strconv.Itoa(b), strconv.Itoa(a + b), strconv.Itoa(3*a - b), strconv.Itoa(min(1, a/9)), strconv.Itoa(min(1, b/12))}, ",") + "\n")
	}
	data := write(t, dir, "two.csv", rows.String())
	out := filepath.Join(dir, "values")
	mustCall(t, "train", "--data", data, "--set", "data.target=[u, v]", "--set", "data.skip=[p, q]", "--out", out, "--quiet")
	stdout, _ := mustCall(t, "predict", out, "--data", write(t, dir, "new.csv", "a,b\n10,10\n"))
	if !strings.HasPrefix(stdout, "u,v\n") {
		t.Errorf("values:\n%s", stdout)
	}
	out = filepath.Join(dir, "labels")
	said, _ := mustCall(t, "train", "--data", data, "--set", "data.target=[p, q]", "--set", "data.skip=[u, v]", "--out", out, "--quiet", "--json")
	if !strings.Contains(said, `"subset_accuracy"`) {
		t.Errorf("labels:\n%s", said)
	}
	stdout, _ = mustCall(t, "predict", out, "--data", write(t, dir, "new2.csv", "a,b\n16,1\n"))
	if lines := strings.Split(stdout, "\n"); lines[0] != "p,p(p=1),q,p(q=1)" || !strings.HasPrefix(lines[1], "1,") {
		t.Errorf("labels:\n%s", stdout)
	}
}

// TestReport: every run that is over has a report with its scores, in one file
// that loads nothing.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	data, out := write(t, dir, "people.csv", people(300)), filepath.Join(dir, "run")
	_, said := mustCall(t, "train", "--data", data, "--target", "income", "--out", out)
	b, err := os.ReadFile(filepath.Join(out, reportName))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{"<h2>Quality</h2>", "Confusion matrix", "<h2>Calibration</h2>", "<h2>Columns that matter</h2>", "linear", "fingerprint of the state", "job", "95 % interval"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the report", want)
		}
	}
	if strings.Contains(text, "http") || strings.Contains(text, "NaN") {
		t.Error("the report loads something, or has NaN in it")
	}
	for _, want := range []string{"on test data", "roc_auc", "guess", "linear"} {
		if !strings.Contains(said, want) {
			t.Errorf("train does not say %q:\n%s", want, said)
		}
	}
}

// TestFineTune: a run starts from another's weights and encoding, freezes what
// it is told to, and refuses names that are none.
func TestFineTune(t *testing.T) {
	dir := t.TempDir()
	first, second := write(t, dir, "first.csv", people(300)), write(t, dir, "second.csv", people(120))
	base, tuned := filepath.Join(dir, "base"), filepath.Join(dir, "tuned")
	mustCall(t, "train", "--data", first, "--target", "income", "--out", base, "--quiet")
	mustCall(t, "train", "--from", base, "--data", second, "--out", tuned, "--quiet", "--set", "budget=2ep",
		"--set", `freeze=["2.*"]`, "--set", `lr_factors={"3.*": 0.1}`)
	a, err := train.OpenRun(base)
	if err != nil {
		t.Fatal(err)
	}
	b, err := train.OpenRun(tuned)
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Schema) != string(b.Schema) {
		t.Error("the data are encoded in another way")
	}
	for name, same := range map[string]bool{"2.weight": true, "2.bias": true, "7.weight": false, "3.1.weight": false} {
		if slices.Equal(a.Params[name].F32(), b.Params[name].F32()) != same {
			t.Errorf("%s: unchanged is %v, want %v", name, !same, same)
		}
	}
	for want, args := range map[string][]string{
		`freeze: no parameter is called "9.*"`: {"--from", base, "--data", second, "--set", `freeze=["9.*"]`},
		"there is no model.descent in it":      {"--from", dir, "--data", second},
		"leave CONFIG":                         {"digits", "--from", base},
	} {
		code, _, stderr := call(append([]string{"train", "--out", filepath.Join(dir, "no")}, args...)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: %d, %s", args, code, stderr)
		}
	}
}

// TestFolds: each example is tested once, and the mean is told.
func TestFolds(t *testing.T) {
	dir := t.TempDir()
	data, out := write(t, dir, "people.csv", people(90)), filepath.Join(dir, "folds")
	stdout, _ := mustCall(t, "train", "--data", data, "--target", "income", "--folds", "3", "--out", out, "--quiet", "--set", "budget=5ep")
	if !strings.Contains(stdout, "3 folds") || !strings.Contains(stdout, "accuracy") {
		t.Errorf("says\n%s", stdout)
	}
	tested := 0
	for fold := range 3 {
		s, err := report.ReadSummary(filepath.Join(out, "fold-"+strconv.Itoa(fold)))
		if err != nil {
			t.Fatal(err)
		}
		q, err := readQuality(s)
		if err != nil {
			t.Fatal(err)
		}
		tested += q.Model.Examples
	}
	if tested != 90 {
		t.Errorf("%d examples are tested, want 90", tested)
	}
	if code, _, _ := call("train", "--data", data, "--target", "income", "--folds", "3"); code != exitUsage {
		t.Errorf("without --out: %d", code)
	}
}

// TestPredictLeavesNothingHalf: a row that is wrong leaves no file behind.
func TestPredictLeavesNothingHalf(t *testing.T) {
	dir := t.TempDir()
	out, file := filepath.Join(dir, "run"), filepath.Join(dir, "predicted.csv")
	mustCall(t, "train", "--data", write(t, dir, "people.csv", people(90)), "--target", "income", "--out", out, "--quiet", "--set", "budget=1ep")
	bad := write(t, dir, "bad.csv", people(20000)+"old,judge,low\n")
	code, _, stderr := call("predict", out, "--data", bad, "--out", file)
	if _, err := os.Stat(file); code != exitFailed || !strings.Contains(stderr, "bad.csv:20002:") || err == nil {
		t.Errorf("exit code %d, %s, the file: %v", code, stderr, err)
	}
}
