package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// languageRun trains a language model for a moment.
func languageRun(t *testing.T) (run string) {
	t.Helper()
	dir := t.TempDir()
	verse := write(t, dir, "verse.txt", strings.Repeat("to be or not to be, that is the question\n", 60))
	c := write(t, dir, "c.yaml", "data: {train: "+verse+", window: 16}\nmodel: {gpt: {layers: 1, heads: 2, dim: 16}}\nbatch: 8\nbudget: 20up\noptimizer: {adamw: {lr: 1e-2}}")
	run = filepath.Join(dir, "run")
	mustCall(t, "train", c, "--out", run, "--quiet")
	return run
}

// TestGenerate: the text, its statistics, several texts, JSON and a prompt from
// a file.
func TestGenerate(t *testing.T) {
	run := languageRun(t)
	text, stats := mustCall(t, "generate", run, "--prompt", "to be", "--tokens", "40")
	if !strings.HasPrefix(text, "to be") || len(text) != len("to be")+40+1 || !strings.Contains(stats, "40 tokens in") || !strings.Contains(stats, "tokens/s") {
		t.Errorf("%q, %q", text, stats)
	}
	if again, _ := mustCall(t, "generate", run, "--prompt", "to be", "--tokens", "40", "--set", "exec.threads=2"); again != text {
		t.Errorf("with two threads %q, want %q", again, text)
	}
	if other, _ := mustCall(t, "generate", run, "--prompt", "to be", "--tokens", "40", "--seed", "2"); other == text {
		t.Error("another seed gives the same text")
	}
	file := write(t, t.TempDir(), "prompt", "to be")
	if got, _ := mustCall(t, "generate", run, "--prompt-file", file, "--tokens", "40"); got != text {
		t.Errorf("prompt from a file: %q, want %q", got, text)
	}
	three, _ := mustCall(t, "generate", run, "--prompt", "to be", "--tokens", "40", "--samples", "3")
	parts := strings.Split(strings.TrimSuffix(three, "\n"), separator)
	if len(parts) != 3 || parts[0]+"\n" != text || parts[1] == parts[0] {
		t.Errorf("3 texts: %q", parts)
	}
	lines, _ := mustCall(t, "generate", run, "--prompt", "to be", "--tokens", "40", "--samples", "3", "--json")
	for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		var got struct {
			Prompt, Text, Ending string
			Tokens               int
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Prompt+got.Text != parts[i] || got.Tokens != 40 || got.Ending != "tokens" {
			t.Errorf("line %d: %s (%v), want the text %q", i, line, err, parts[i])
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	run := languageRun(t)
	dir := t.TempDir()
	data, people := write(t, dir, "people.csv", people(60)), filepath.Join(dir, "people")
	mustCall(t, "train", "--data", data, "--target", "income", "--out", people, "--quiet", "--set", "budget=1up")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{run, "--prompt", "to be X"}, "character 'X' (U+0058) at byte 6"},
		{[]string{run, "--top-p", "2"}, "top-p is 2 (want from 0 to 1)"},
		{[]string{run, "--samples", "0"}, "want at least 1"},
		{[]string{run, "--stop", ""}, "an empty stop string"},
		{[]string{run, "--prompt", "a", "--prompt-file", "b"}, "exclude each other"},
		{[]string{people}, fmt.Sprintf("%s: it is no language model: it predicts \"income\"", people)},
		{[]string{dir + "/none"}, "is no run directory"},
	} {
		code, stdout, stderr := call(append([]string{"generate"}, c.args...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q, %q (want %s)", c.args, code, stdout, stderr, c.want)
		}
	}
	if code, _, stderr := call("generate", run, "--prompt-file", "none"); code != exitFailed || !strings.Contains(stderr, "none") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestGenerateIsInterrupted: what is written stays, and the last line is ended.
func TestGenerateIsInterrupted(t *testing.T) {
	run := languageRun(t)
	cmd, _, stderr := process(t.TempDir(), "generate", run, "--tokens", "1000000000")
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	waitFor(t, "text", done, func() bool { info, err := os.Stat(path); return err == nil && info.Size() > 1000 })
	cmd.Process.Signal(syscall.SIGINT)
	select {
	case err := <-done:
		text, _ := os.ReadFile(path)
		if exitCode(err) != exitSignal+int(syscall.SIGINT) || !strings.HasSuffix(string(text), "\n") || !strings.Contains(stderr.String(), "tokens/s") {
			t.Errorf("exit code %d, the text ends with %q, %s", exitCode(err), text[len(text)-5:], stderr)
		}
	case <-time.After(time.Minute):
		cmd.Process.Kill()
		t.Error("it does not end")
	}
}
