package config

import (
	"iter"

	"github.com/descent-ml/descent/tokenizer"
)

// Tokenizer is how text becomes tokens.
type Tokenizer struct {
	Kind    string
	Options tokenizerOptions
}

type tokenizerOptions interface {
	part
	// make returns the tokenizer. vocabulary are the texts of which all that
	// occurs is to have a token, if tokens are characters; train are those that
	// may be learned from.
	make(vocabulary, train iter.Seq[string]) (tokenizer.Tokenizer, error)
}

// mostCharacters is how many different characters tokenizer: auto makes tokens
// of; a text of more, as of Chinese, gets byte pairs.
const mostCharacters = 256

var tokenizerKinds = []alternative[tokenizerOptions]{
	{"auto", func() tokenizerOptions { return autoTokenizer{} }},
	{tokenizer.KindChars, func() tokenizerOptions { return new(chars) }},
	{tokenizer.KindBytes, func() tokenizerOptions { return byteTokenizer{} }},
	{tokenizer.KindBPE, func() tokenizerOptions { return &bpe{size: 4096} }},
	{tokenizer.KindWords, func() tokenizerOptions { return &words{size: 20000, min: 1} }},
	{"file", func() tokenizerOptions { return new(tokenizerFile) }},
}

// singular are other names of kinds.
var singular = map[string]string{"char": tokenizer.KindChars, "byte": tokenizer.KindBytes}

func newTokenizer(kind string) Tokenizer {
	for _, k := range tokenizerKinds {
		if k.name == kind {
			return Tokenizer{kind, k.make()}
		}
	}
	panic("config: no tokenizer " + kind)
}

func (t *Tokenizer) codec() codec { return tokenizerCodec{t} }

// tokenizerCodec is the choice of a kind, by its name or a singular.
type tokenizerCodec struct{ *Tokenizer }

func (t tokenizerCodec) choice() choice[tokenizerOptions] {
	return choice[tokenizerOptions]{"tokenizer", tokenizerKinds, &t.Kind, &t.Options}
}

func (t tokenizerCodec) read(fs *Faults, v *value) {
	if long := singular[v.text]; v.kind == scalar && long != "" {
		v = &value{text: long, at: v.at}
	}
	t.choice().read(fs, v)
}

func (t tokenizerCodec) write() *value { return t.choice().write() }

// autoTokenizer is one token for each character, if there are not too many.
type autoTokenizer struct{}

func (autoTokenizer) keys() fields { return nil }

func (autoTokenizer) make(vocabulary, train iter.Seq[string]) (tokenizer.Tokenizer, error) {
	return kindFor(vocabulary).Options.make(vocabulary, train)
}

// kindFor is what auto is for texts.
func kindFor(texts iter.Seq[string]) Tokenizer {
	seen := map[rune]bool{}
	for text := range texts {
		for _, r := range text {
			if seen[r] = true; len(seen) > mostCharacters {
				return newTokenizer(tokenizer.KindBPE)
			}
		}
	}
	return newTokenizer(tokenizer.KindChars)
}

type chars struct{ unknown bool }

func (c *chars) keys() fields { return fields{{key: "unknown", codec: flagIfSet{flag{&c.unknown}}}} }

func (c *chars) make(vocabulary, _ iter.Seq[string]) (tokenizer.Tokenizer, error) {
	return tokenizer.Train(tokenizer.KindChars, vocabulary, tokenizer.Config{Unknown: c.unknown})
}

type byteTokenizer struct{}

func (byteTokenizer) keys() fields { return nil }

func (byteTokenizer) make(_, _ iter.Seq[string]) (tokenizer.Tokenizer, error) {
	return tokenizer.Bytes(), nil
}

// bpe is byte pairs, learned from the training text.
type bpe struct{ size int }

func (b *bpe) keys() fields {
	return fields{{key: "size", codec: count{p: &b.size, low: 257, high: 1 << 20}}}
}

func (b *bpe) make(_, train iter.Seq[string]) (tokenizer.Tokenizer, error) {
	return tokenizer.Train(tokenizer.KindBPE, train, tokenizer.Config{Size: b.size})
}

// words are the most frequent words of the training texts.
type words struct{ size, min int }

func (w *words) keys() fields {
	return fields{{key: "size", codec: count{p: &w.size, low: 1, high: 1 << 20}}, {key: "min", codec: count{p: &w.min, low: 1}}}
}

func (w *words) make(_, train iter.Seq[string]) (tokenizer.Tokenizer, error) {
	return tokenizer.Train(tokenizer.KindWords, train, tokenizer.Config{Size: w.size, Min: w.min})
}

// tokenizerFile is a tokenizer.json, or a folder of GPT-2's files.
type tokenizerFile struct{ path string }

func (f *tokenizerFile) keys() fields {
	return fields{{key: "path", codec: text{&f.path}, required: true}}
}

func (f *tokenizerFile) make(_, _ iter.Seq[string]) (tokenizer.Tokenizer, error) {
	return tokenizer.LoadFile(f.path)
}
