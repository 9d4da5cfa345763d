package config

import (
	"fmt"
	"iter"
	"os"
	"slices"
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

// readCorpus reads a file.
func (d *Data) readCorpus(path string, t tokenizer.Tokenizer) (*corpus, error) {
	if d.Format == formatTokens {
		tokens, err := dataset.OpenTokens(path, dataset.TokenOptions{Tokenizer: t})
		return &corpus{path: path, tokens: tokens}, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, missing(path, err)
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("config: data %s: the text is empty", path)
	}
	return &corpus{path: path, text: string(b)}, nil
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
		return nil, fmt.Errorf("config: data %s: too short to be split", c.path)
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
