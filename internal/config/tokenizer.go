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
	config() tokenizer.Config // of Train
}

// mostCharacters is how many different characters tokenizer: auto makes tokens
// of; a text of more, as of Chinese, gets byte pairs. Texts to classify get words.
const mostCharacters = 256

var tokenizerKinds = []alternative[tokenizerOptions]{
	{"auto", func() tokenizerOptions { return plainTokenizer{} }},
	{tokenizer.KindChars, func() tokenizerOptions { return new(chars) }},
	{tokenizer.KindBytes, func() tokenizerOptions { return plainTokenizer{} }},
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

// load returns the tokenizer of a file, nil if it is to be trained.
func (t *Tokenizer) load() (tokenizer.Tokenizer, error) {
	f, ok := t.Options.(*tokenizerFile)
	if !ok {
		return nil, nil
	}
	loaded, err := tokenizer.LoadFile(f.path)
	if err != nil {
		return nil, mistakef("config: data.tokenizer: %w", err)
	}
	return loaded, nil
}

// train makes the tokenizer of a language model, and settles what auto is.
// Characters have a token if they occur anywhere; what else is learned, is
// learned from the training text.
func (t *Tokenizer) train(everything, training iter.Seq[string]) (tokenizer.Tokenizer, error) {
	if t.Kind == "auto" {
		*t = newTokenizer(kindFor(everything))
	}
	texts := training
	if t.Kind == tokenizer.KindChars {
		texts = everything
	}
	return tokenizer.Train(t.Kind, texts, t.Options.config())
}

// kindFor is what auto is for texts.
func kindFor(texts iter.Seq[string]) string {
	seen := map[rune]bool{}
	for text := range texts {
		for _, r := range text {
			if seen[r] = true; len(seen) > mostCharacters {
				return tokenizer.KindBPE
			}
		}
	}
	return tokenizer.KindChars
}

// plainTokenizer is a kind without options.
type plainTokenizer struct{}

func (plainTokenizer) keys() fields             { return nil }
func (plainTokenizer) config() tokenizer.Config { return tokenizer.Config{} }

type chars struct{ unknown bool }

func (c *chars) keys() fields { return fields{{key: "unknown", codec: flagIfSet{flag{&c.unknown}}}} }

func (c *chars) config() tokenizer.Config { return tokenizer.Config{Unknown: c.unknown} }

// bpe is byte pairs, learned from the training text.
type bpe struct{ size int }

func (b *bpe) keys() fields {
	return fields{{key: "size", codec: count{p: &b.size, low: 257, high: 1 << 20}}}
}

func (b *bpe) config() tokenizer.Config { return tokenizer.Config{Size: b.size} }

// words are the most frequent words of the training texts.
type words struct{ size, min int }

func (w *words) keys() fields {
	return fields{{key: "size", codec: count{p: &w.size, low: 1, high: 1 << 20}}, {key: "min", codec: count{p: &w.min, low: 1}}}
}

func (w *words) config() tokenizer.Config { return tokenizer.Config{Size: w.size, Min: w.min} }

// tokenizerFile is a tokenizer.json, or a folder of GPT-2's files.
type tokenizerFile struct {
	plainTokenizer
	path string
}

func (f *tokenizerFile) keys() fields {
	return fields{{key: "path", codec: text{&f.path}, required: true}}
}
