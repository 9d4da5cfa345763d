package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/generate"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/train"
)

// generateFlags are the flags of generate.
type generateFlags struct {
	prompt, file string
	samples      int
	json         bool
	set          []string
	options      generate.Options
}

func (a *app) generate() *cobra.Command {
	f := &generateFlags{options: generate.Defaults()}
	c := &cobra.Command{
		Use:   "generate RUN [--prompt TEXT]",
		Short: "Continue a text by the language model of a run",
		Args:  arguments(1, 1),
		RunE:  func(c *cobra.Command, args []string) error { return a.runGenerate(args[0], f) },
	}
	flags := c.Flags()
	flags.StringVar(&f.prompt, "prompt", "", "`text` to continue (default: the beginning of a document)")
	flags.StringVar(&f.file, "prompt-file", "", "`file` with the text to continue, - for standard input")
	flags.IntVar(&f.options.Tokens, "tokens", f.options.Tokens, "most tokens to generate")
	flags.Float64Var(&f.options.Temperature, "temperature", f.options.Temperature, "below 1: more of what is probable; 0: always the most probable token")
	flags.IntVar(&f.options.TopK, "top-k", 0, "draw from the `k` most probable tokens (default: all)")
	flags.Float64Var(&f.options.TopP, "top-p", 0, "draw from the most probable tokens that have the probability `p` together (default: all)")
	flags.Float64Var(&f.options.Penalty, "penalty", 0, "divides the logits of tokens that have occurred; 1.1 is usual (default: none)")
	flags.Uint64Var(&f.options.Seed, "seed", 1, "of the random numbers: the same text each time")
	flags.IntVar(&f.samples, "samples", 1, "texts to generate")
	flags.StringArrayVar(&f.options.Stop, "stop", nil, "end before this `text`; may be given several times")
	flags.BoolVar(&f.json, "json", false, "print each text as a line of JSON")
	flags.StringArrayVar(&f.set, "set", nil, "override a `key=value` of the run's configuration, such as exec.threads=1")
	return c
}

// most texts are written at once: more take memory and no less time for each.
const mostAtOnce = 16

func (a *app) runGenerate(dir string, f *generateFlags) error {
	prompt, err := f.text()
	if err != nil {
		return err
	}
	if f.samples < 1 || f.options.Tokens < 1 {
		return usagef("--samples %d and --tokens %d (want at least 1 of each)", f.samples, f.options.Tokens)
	}
	if err := f.options.Validate(); err != nil {
		return usageError{err}
	}
	t, err := openRun(dir, f.set)
	if err != nil {
		return err
	}
	w := &writer{out: a.out, json: f.json, prompt: prompt, texts: make([]written, f.samples)}
	return t.generator(min(f.samples, mostAtOnce), func(g *generate.Generator) error {
		if err := g.CheckPrompt(prompt); err != nil {
			return usageError{err}
		}
		err := w.all(a.signals.ctx, g, f.options)
		fmt.Fprintln(a.err, w.statistics())
		if errors.Is(err, context.Canceled) && a.signals.ctx.Err() != nil {
			return a.signals.outcome()
		}
		return err
	})
}

// text returns the prompt.
func (f *generateFlags) text() (string, error) {
	if f.file == "" {
		return f.prompt, nil
	}
	if f.prompt != "" {
		return "", usagef("--prompt and --prompt-file exclude each other")
	}
	if f.file == "-" {
		b, err := io.ReadAll(os.Stdin)
		return string(b), err
	}
	b, err := os.ReadFile(f.file)
	return string(b), err
}

// generator calls f with a generator of so many texts at once.
func (t *trained) generator(sequences int, f func(*generate.Generator) error) error {
	tok, length, err := t.schema.Language()
	if err != nil {
		return usagef("%s: %w", t.run.Path, err)
	}
	g, _, err := nn.Decoder(t.model, 1, length)
	if err != nil {
		return err
	}
	return t.config.WithEngine(func(eng engine.Engine) error {
		vars, err := train.NewVars(eng, g, t.run.Params)
		if err != nil {
			return err
		}
		g, err := generate.New(eng, vars, t.model, tok, generate.Config{Context: length, Sequences: sequences})
		if err != nil {
			return err
		}
		return f(g)
	})
}

// writer prints texts one behind the other while they are written at once: the
// first that has not ended as it comes, the others when it is their turn.
type writer struct {
	out     io.Writer
	json    bool
	prompt  string
	texts   []written
	current int // the text that is printed now
	begun   bool

	tokens int
	spent  time.Duration
}

// written is what there is of a text.
type written struct {
	text   strings.Builder
	tokens int
	ending generate.Ending
}

// separator stands between texts.
const separator = "\n---\n"

func (w *writer) all(ctx context.Context, g *generate.Generator, o generate.Options) (err error) {
	prompts := make([]string, len(w.texts))
	for i := range prompts {
		prompts[i] = w.prompt
	}
	start := time.Now()
	for p, e := range g.GenerateAll(ctx, prompts, o) {
		if err = e; err == nil {
			err = w.add(p)
		}
		if err != nil {
			break
		}
		w.tokens++
	}
	w.spent = time.Since(start)
	if w.begun && !w.json {
		fmt.Fprintln(w.out)
	}
	return err
}

// add prints what a piece makes printable.
func (w *writer) add(p generate.Piece) error {
	t := &w.texts[p.Sequence]
	t.tokens, t.ending = t.tokens+1, p.Ending
	t.text.WriteString(p.Text)
	if p.Sequence != w.current {
		return nil
	}
	if w.json {
		return w.lines()
	}
	if err := w.print(p.Text); err != nil {
		return err
	}
	for w.texts[w.current].ending != generate.GoesOn && w.current+1 < len(w.texts) {
		w.current, w.begun = w.current+1, false
		if err := w.print(w.texts[w.current].text.String()); err != nil {
			return err
		}
	}
	return nil
}

// print prints a part of the current text, the prompt before the first.
func (w *writer) print(text string) error {
	if !w.begun {
		w.begun = true
		if text = w.prompt + text; w.current > 0 {
			text = separator + text
		}
	}
	_, err := io.WriteString(w.out, text)
	return err
}

// lines prints the texts that have ended, in order, as JSON.
func (w *writer) lines() error {
	for ; w.current < len(w.texts) && w.texts[w.current].ending != generate.GoesOn; w.current++ {
		t := &w.texts[w.current]
		b, err := plainJSON(struct {
			Prompt string          `json:"prompt"`
			Text   string          `json:"text"`
			Tokens int             `json:"tokens"`
			Ending generate.Ending `json:"ending"`
		}{w.prompt, t.text.String(), t.tokens, t.ending}, "")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w.out, "%s\n", b); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) statistics() string {
	return fmt.Sprintf("%d tokens in %.3g s: %.0f tokens/s", w.tokens, w.spent.Seconds(), float64(w.tokens)/max(w.spent.Seconds(), 1e-9))
}
