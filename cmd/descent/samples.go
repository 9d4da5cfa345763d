package main

import (
	"context"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/generate"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/tokenizer"
	"github.com/descent-ml/descent/train"
)

// addSamples makes a language model write while it is trained, as the
// configuration says.
func addSamples(c *config.Config, s *dataset.Schema, t *train.Config) error {
	if c.Sample.Every.IsZero() || s.Target.Task != dataset.TaskLanguage {
		return nil
	}
	tok, err := s.Text.Load()
	if err != nil {
		return err
	}
	if tok == nil {
		return usagef("sample.every: the data are tokens of no known tokenizer, so there is no text to show (set data.tokenizer, or sample.every to none)")
	}
	prompt, err := samplePrompt(c.Sample.Prompt, tok)
	if err != nil {
		return err
	}
	var g *generate.Generator
	o := generate.Options{Sampling: generate.Sampling{Temperature: c.Sample.Temperature, Seed: c.Seed}, Tokens: c.Sample.Tokens}
	t.Samples = train.Samples{Every: c.Sample.Every, Write: func(ctx context.Context, eng engine.Engine, vars engine.Vars) (text string, err error) {
		if g == nil {
			if g, err = generate.New(eng, vars, t.Model, tok, generate.Config{Context: s.Text.Length}); err != nil {
				return "", err
			}
		}
		var b strings.Builder
		b.WriteString(prompt)
		for piece, err := range g.Generate(ctx, prompt, o) {
			if err != nil {
				return "", err
			}
			b.WriteString(piece.Text)
		}
		return b.String(), nil
	}}
	return nil
}

// samplePrompt returns the prompt of samples if the tokenizer knows it. For the end
// of a line in a text that has none it is the first of the tokens.
func samplePrompt(prompt string, t tokenizer.Tokenizer) (string, error) {
	tokens, err := t.Append(nil, prompt)
	switch {
	case err == nil && len(tokens) > 0 || prompt == "":
		return prompt, nil
	case prompt == "\n":
		return t.Decode([]int32{0}), nil
	}
	if err == nil {
		return "", usagef("sample.prompt: %q has no tokens", prompt)
	}
	return "", usagef("sample.prompt: %v", err)
}
