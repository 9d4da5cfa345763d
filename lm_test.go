package descent_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/descent-ml/descent"
	"github.com/descent-ml/descent/generate"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/train"
)

// trainLM trains a language model on one line for some updates and returns the run directory.
func trainLM(folder string, updates int) (string, error) {
	text := filepath.Join(folder, "verse.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("to be or not to be, that is the question.\n", 100)), 0o666); err != nil {
		return "", err
	}
	c, err := config.Parse("test", []byte("model: {gpt: {layers: 1, heads: 2, dim: 32}}\nbatch: 8\noptimizer: {adamw: {lr: 1e-2}}"), "data.train="+text, "data.window=32", fmt.Sprint("budget=", updates, "up"))
	if err != nil {
		return "", err
	}
	sets, err := c.Load(nil)
	if err != nil {
		return "", err
	}
	cfg, err := c.BuildTrain(sets)
	if err != nil {
		return "", err
	}
	cfg.Out = filepath.Join(folder, "run")
	_, err = train.Fit(context.Background(), cfg)
	return cfg.Out, err
}

func loadLM(t *testing.T) *descent.LM {
	t.Helper()
	run, err := trainLM(t.TempDir(), 20)
	if err != nil {
		t.Fatal(err)
	}
	m, err := descent.LoadLM(run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// A model continues a prompt. The text is the same on every machine.
func ExampleLM_Generate() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	run, err := trainLM(folder, 400)
	if err != nil {
		panic(err)
	}
	m, err := descent.LoadLM(run)
	if err != nil {
		panic(err)
	}
	defer m.Close()
	o := generate.Defaults()
	o.Temperature, o.Stop = 0, []string{"."}
	for piece, err := range m.Generate(context.Background(), "or", o) {
		if err != nil {
			panic(err)
		}
		fmt.Print(piece.Text)
	}
	// Output: not to be, that is the question
}

// TestLMConcurrently: many goroutines at once get the text that each would get
// alone.
func TestLMConcurrently(t *testing.T) {
	m := loadLM(t)
	ctx, o := context.Background(), generate.Options{Sampling: generate.Sampling{Temperature: 1.5}, Tokens: 60}
	prompts := []string{"", "to ", "question", strings.Repeat("not to be ", 20)}
	var want []string
	for _, p := range prompts {
		text, err := m.Text(ctx, p, o)
		if err != nil || len(text) != o.Tokens {
			t.Fatalf("%q, %v", text, err)
		}
		want = append(want, text)
	}
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range prompts {
				i = (i + worker) % len(prompts)
				if got, err := m.Text(ctx, prompts[i], o); err != nil || got != want[i] {
					t.Errorf("prompt %d: %q, %v, want %q", i, got, err, want[i])
				}
			}
		})
	}
	wait.Wait()
}

// TestLMWaits: a call that finds all writers taken ends with its context.
func TestLMWaits(t *testing.T) {
	m := loadLM(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	why, taken := errors.New("waited enough"), 0
	var nest func() error
	nest = func() error {
		if taken++; taken > runtime.GOMAXPROCS(0) {
			cancel(why)
		}
		for _, err := range m.Generate(ctx, "to", generate.Options{}) {
			if err != nil {
				return err
			}
			return nest()
		}
		return nil
	}
	if err := nest(); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if text, err := m.Text(context.Background(), "to", generate.Options{Tokens: 5}); err != nil || len(text) != 5 {
		t.Errorf("afterwards %q, %v", text, err)
	}
}

func TestLMRefuses(t *testing.T) {
	m := loadLM(t)
	if _, err := m.Text(context.Background(), "XYZ", generate.Defaults()); err == nil || !strings.Contains(err.Error(), "character 'X'") {
		t.Errorf("a prompt of unknown characters: %v", err)
	}
	table, _, _ := trainOn(t, predictorConfigs["classes"])
	if _, err := descent.LoadLM(table); err == nil || !strings.Contains(err.Error(), `it is no language model: it predicts "big"`) {
		t.Errorf("a table: %v", err)
	}
	if _, err := descent.LoadLM(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is its training over?") {
		t.Errorf("an empty folder: %v", err)
	}
	run, err := trainLM(t.TempDir(), 20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := descent.Load(run); err == nil {
		t.Error("a language model was loaded as a predictor")
	}
	if m, err := descent.LoadLMFS(os.DirFS(run), train.ModelName); err != nil {
		t.Error(err)
	} else {
		m.Close()
	}
}
