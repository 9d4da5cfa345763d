package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/adviser"
)

// TestAdvise: the advice is for people or for programs, leaves no file, and what it says to
// paste is a configuration.
func TestAdvise(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, errs := call("advise", "digits", "--for", "700ms", "--json")
	var advice adviser.Advice
	if err := json.Unmarshal([]byte(out), &advice); code != 0 || err != nil || advice.Memory.Data == 0 || len(advice.Pace.Timings) == 0 || advice.Choice.Batch == 0 {
		t.Fatalf("code %d, %v:\n%s%s", code, err, out, errs)
	}
	code, out, errs = call("advise", "digits", "--for", "1500ms", "--set", "optimizer.adamw.lr=1e-5", "--quiet")
	if code != 0 || errs != "" || !strings.Contains(out, "Memory: ") {
		t.Fatalf("code %d:\n%s%s", code, out, errs)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	if _, paste, ok := strings.Cut(out, "In the configuration:\n\n"); ok {
		paste, _, _ = strings.Cut(paste, "\n\n")
		config := "data: {train: \"embedded:digits\"}\nmodel: [{dense: 8}, {dense: auto}]\nbudget: 1 epochs\n" + paste + "\n"
		if err := os.WriteFile("pasted.yaml", []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := call("train", "pasted.yaml", "--out", filepath.Join(t.TempDir(), "run"), "--quiet"); code != 0 {
			t.Errorf("what is to be pasted does not train: %s\n%s", errs, config)
		}
	} else if !strings.Contains(out, "Keep a batch") && !strings.Contains(out, "No safe answer") {
		t.Errorf("no recommendation:\n%s", out)
	}
}

func TestAdviseRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "what to advise on?"},
		{[]string{"digits", "--for", "0s"}, "--for 0s (want a time above 0"},
		{[]string{"digits", "--for", "soon"}, "invalid argument"},
		{[]string{"nonesuch"}, "no example"},
		{[]string{"digits", "--set", "exec.memory=5MiB"}, "is too little: this run takes at least"},
	} {
		code, out, errs := call(append([]string{"advise"}, c.args...)...)
		if code != 2 || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: code %d, %q (want %q)", c.args, code, errs, c.want)
		}
	}
}
