package config

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tokenizer"
)

// corpus is a text, or tokens whose text need not be known.
type corpus struct {
	path   string
	text   string
	tokens *dataset.Tokens
}

// readTexts returns the texts of the parts that there are.
func (d *Data) readTexts(t tokenizer.Tokenizer) (map[string]*corpus, error) {
	if d.Split.By != splitTail && d.Split.By != "random" || d.Split.Folds > 0 {
		return nil, mistakef("config: data.split: by %s, folds %d, and the data are a text, which is split at its end (want by: %s)", d.Split.By, d.Split.Folds, splitTail)
	}
	d.Split.By = splitTail
	if err := d.checkForms(t); err != nil {
		return nil, err
	}
	whole, err := d.readCorpus(d.Train, t)
	if err != nil {
		return nil, err
	}
	parts, err := whole.split(d.Split.Val, d.Split.Test)
	if d.Val != "" && err == nil {
		parts["val"], err = d.readCorpus(d.Val, t)
	}
	if d.Test != "" && err == nil {
		parts["test"], err = d.readCorpus(d.Test, t)
	}
	return parts, err
}

// checkForms refuses texts beside tokens, and tokens that a tokenizer is to be
// learned from.
func (d *Data) checkForms(t tokenizer.Tokenizer) error {
	for _, other := range []string{d.Val, d.Test} {
		if other != "" && corpusFormat(other, d.Format) != d.Format {
			return mistakef("config: data: %s is a file of %s, but %s is read as %s (want both in one form)", other, corpusFormat(other, d.Format), d.Train, d.Format)
		}
	}
	if d.Format == formatTokens && d.Tokenizer.Kind != "auto" && t == nil {
		return mistakef("config: data.tokenizer: %s cannot be learned from a file of tokens (want file: the one that made them)", d.Tokenizer.Kind)
	}
	return nil
}

// readCorpus reads a file.
func (d *Data) readCorpus(path string, t tokenizer.Tokenizer) (*corpus, error) {
	if d.Format == formatTokens {
		tokens, err := dataset.OpenTokens(path, dataset.TokenOptions{Tokenizer: t})
		return &corpus{path: path, tokens: tokens}, err
	}
	text, err := dataset.ReadText(path, d.Encoding)
	if absent := (*fs.PathError)(nil); errors.As(err, &absent) {
		return nil, missing(path, absent)
	}
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, fmt.Errorf("config: data %s: the text is empty", path)
	}
	if at := invalid(text); at >= 0 && (d.Tokenizer.Kind == "auto" || d.Tokenizer.Kind == tokenizer.KindChars) {
		return nil, fmt.Errorf("config: data %s: line %d, byte %d of the text, 0x%02x, is not UTF-8 (want data.encoding: latin1, or data.tokenizer: bytes if it is no text)",
			path, 1+strings.Count(text[:at], "\n"), at, text[at])
	}
	return &corpus{path: path, text: text}, nil
}

// invalid returns the place of the first byte that is not UTF-8, or -1.
func invalid(text string) int {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return -1
}

// split cuts a text into parts: its beginning is to train on. Shares are of
// characters, or of tokens where those are all that is known.
func (c *corpus) split(val, test float64) (map[string]*corpus, error) {
	n := utf8.RuneCountInString(c.text)
	if c.tokens != nil {
		n = c.tokens.Len()
	}
	from := int(float64(n) * (1 - val - test)) // as nanoGPT's int(0.9*n)
	to := int(float64(n) * (1 - test))
	parts := map[string]*corpus{}
	for _, p := range []struct {
		name     string
		lo, hi   int
		expected bool
	}{{dataset.TrainPart, 0, from, true}, {"val", from, to, val > 0}, {"test", to, n, test > 0}} {
		if !p.expected {
			continue
		}
		part, err := c.part(p.lo, p.hi)
		if err != nil {
			return nil, err
		}
		parts[p.name] = part
	}
	return parts, nil
}

// part returns the characters, or tokens, lo to hi-1.
func (c *corpus) part(lo, hi int) (*corpus, error) {
	if lo >= hi {
		return nil, fmt.Errorf("config: data %s: too short to be split (want more text, or data.val: a file and data.split.val: 0)", c.path)
	}
	if c.tokens != nil {
		tokens, err := c.tokens.Slice(lo, hi)
		return &corpus{path: c.path, tokens: tokens}, err
	}
	begin := byteOf(c.text, lo)
	return &corpus{path: c.path, text: c.text[begin : begin+byteOf(c.text[begin:], hi-lo)]}, nil
}

// byteOf returns where character n of a text begins.
func byteOf(text string, n int) int {
	for at := range text {
		if n == 0 {
			return at
		}
		n--
	}
	return len(text)
}

// tokenize returns the tokens of a corpus, by a tokenizer if they are not known.
func (c *corpus) tokenize(t tokenizer.Tokenizer) (*dataset.Tokens, error) {
	if c.tokens != nil {
		return c.tokens, nil
	}
	tokens, err := dataset.Tokenize(t, one(c.text), false)
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, c.path)
	}
	return tokens, nil
}

func one(text string) iter.Seq[string] { return slices.Values([]string{text}) }
