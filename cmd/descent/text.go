package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/internal/config"
)

// isText reports whether --data FILE without a configuration is for a language
// model: a file of tokens, or a .txt of which nothing says that it is a table.
func isText(data string, set []string) bool {
	if isTokens(data) || slices.Contains(set, "data.format=text") {
		return true
	}
	for _, key := range []string{"target", "text=", "names", "columns", "header", "format", "user=", "item="} {
		if given(set, "data."+key) {
			return false
		}
	}
	return strings.ToLower(filepath.Ext(data)) == ".txt"
}

func isTokens(data string) bool { return strings.ToLower(filepath.Ext(data)) == ".bin" }

// ofText is the configuration of a text without more: a small GPT, trained for
// minutes as nanoGPT trains one on a laptop, the last tenth of the text held
// back, and samples on the way.
func ofText(data string, set []string) (*config.Config, error) {
	defaults := []string{
		"name=" + strconv.Quote(tableName(data)), "data.train=" + strconv.Quote(data), "data.window=64",
		"model={gpt: {layers: 4, heads: 4, dim: 128}}", "budget=2000up",
		"optimizer={adamw: {lr: 1e-3, beta2: 0.99, weight_decay: 0.1, decay: matrices}}",
		"schedule={cosine: {final: 0.1, warmup: 5%}}", "clip.norm=1", "validate.every=20%",
	}
	if !isTokens(data) {
		defaults = append(defaults, "sample.every=20%")
	}
	if !given(set, "data.val=") && !given(set, "data.split") {
		defaults = append(defaults, "data.split.val=10%")
	}
	return config.Parse("--data "+data, nil, append(defaults, set...)...)
}

// ofTexts is the configuration of a table with a column of texts without more: the
// automatic model, a fifth to test on, a tenth to validate on. There is no early
// stop: the budget is a few passes. A model of the caller's, such as an encoder,
// is trained in smaller steps.
func ofTexts(data string, set []string) (*config.Config, error) {
	defaults := []string{"name=" + strconv.Quote(tableName(data)), "data.train=" + strconv.Quote(data), "data.split.by=auto", "clip.norm=1"}
	if given(set, "model") && !given(set, "model=auto") {
		defaults = append(defaults, "batch=32", "budget=8 epochs", "optimizer={adamw: {lr: 1e-3, weight_decay: 0.05, decay: matrices}}", "schedule={cosine: {warmup: 10%}}")
	} else {
		defaults = append(defaults, "optimizer={adamw: {lr: 3e-3, weight_decay: 0.01}}", "schedule=cosine")
	}
	if !given(set, "data.test=") {
		defaults = append(defaults, "data.split.test=20%")
	}
	if !given(set, "data.val=") {
		defaults = append(defaults, "data.split.val=10%")
	}
	c, err := config.Parse("--data "+data, nil, append(defaults, set...)...)
	if err == nil && !given(set, "metric=") {
		c.PreferAccuracy()
	}
	return c, err
}

// given reports whether a setting begins so.
func given(set []string, prefix string) bool {
	return slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, prefix) })
}
