package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tokenizer"
)

// Formats of data for a language model.
const (
	formatText   = "text"   // a plain text
	formatTokens = "tokens" // a file of tokens, such as nanoGPT's .bin
)

// The window and the batch of a language model, of which nothing is said.
const (
	defaultWindow  = 64
	defaultWindows = 12
)

// splitTail is how a text is divided: its end is for validation, and what is
// behind that for testing.
const splitTail = "tail"

func (d *Data) isText() bool { return d.Format == formatText || d.Format == formatTokens }

// corpusFormat is the format of a text by its name, else by what others are.
func corpusFormat(path, other string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".bin":
		return formatTokens
	case ".txt":
		return formatText
	}
	return other
}

// textFormat is the format of what is a text by its name, else auto. A .txt of
// which columns are named is a table.
func (d *Data) textFormat() string {
	switch strings.ToLower(filepath.Ext(d.Train)) {
	case ".bin":
		return formatTokens
	case ".txt":
		if d.Text == "" && d.Target == "" && d.Targets == nil && d.Names == nil && d.Columns == nil && d.Header == "auto" {
			return formatText
		}
	}
	return "auto"
}

// loadText is Load for a language model: windows of tokens, of which the next
// one is predicted.
func (c *Config) loadText(schema *dataset.Schema) (*Sets, error) {
	d := &c.Data
	if d.Window == 0 {
		d.Window = defaultWindow
	}
	known, err := d.knownTokenizer(schema)
	if err != nil {
		return nil, err
	}
	parts, err := d.readTexts(known)
	if err != nil {
		return nil, err
	}
	if known == nil && d.Format == formatText {
		if schema != nil || d.Schema != "" {
			return nil, withoutTokenizer(d.Train)
		}
		if known, err = d.makeTokenizer(parts); err != nil {
			return nil, err
		}
	}
	s := &Sets{}
	if err := d.windows(s, parts, known); err != nil {
		return nil, err
	}
	if s.Schema, err = d.textSchema(s.Train.(*dataset.Windows).Tokens()); err != nil {
		return nil, err
	}
	return s, c.settleText(s)
}

// knownTokenizer returns the tokenizer that the data are not needed for: of a
// trained model, or of a file; or nil.
func (d *Data) knownTokenizer(schema *dataset.Schema) (tokenizer.Tokenizer, error) {
	var err error
	if schema == nil && d.Schema != "" {
		if schema, err = readSchema(d.Schema); err != nil {
			return nil, err
		}
	}
	switch {
	case schema != nil && schema.Target.Task != dataset.TaskLanguage:
		return nil, mistakef("config: data.schema: %s is not of a language model", d.Schema)
	case schema != nil:
		return schema.Text.Load()
	}
	return d.Tokenizer.load()
}

// makeTokenizer learns the tokenizer: characters of all texts, the others of the
// training text alone.
func (d *Data) makeTokenizer(parts map[string]*corpus) (tokenizer.Tokenizer, error) {
	all := func(yield func(string) bool) {
		for _, name := range []string{dataset.TrainPart, "val", "test"} {
			if p := parts[name]; p != nil && !yield(p.text) {
				return
			}
		}
	}
	t, err := d.Tokenizer.train(all, one(parts[dataset.TrainPart].text))
	if err != nil {
		return nil, fmt.Errorf("config: data %s: %w", d.Train, err)
	}
	return t, nil
}

// windows makes the datasets: a permutation of windows to train on, and every
// token once to measure on.
func (d *Data) windows(s *Sets, parts map[string]*corpus, t tokenizer.Tokenizer) error {
	for _, p := range []struct {
		name string
		set  *dataset.Dataset
	}{{dataset.TrainPart, &s.Train}, {"val", &s.Val}, {"test", &s.Test}} {
		part := parts[p.name]
		if part == nil {
			continue
		}
		tokens, err := part.tokenize(t)
		if err != nil {
			return err
		}
		cut := dataset.EvalWindows
		if p.name == dataset.TrainPart {
			cut = func(t *dataset.Tokens, n int) (*dataset.Windows, error) { return dataset.TrainWindows(t, n, d.Cut) }
		}
		w, err := cut(tokens, d.Window)
		if err != nil {
			return fmt.Errorf("%w (the %s part of %s; data.window is %d)", err, p.name, part.path, d.Window)
		}
		*p.set = w
	}
	return nil
}

// textSchema is what is kept with the model.
func (d *Data) textSchema(train *dataset.Tokens) (*dataset.Schema, error) {
	text := &dataset.TextSchema{Vocab: train.Vocabulary(), Length: d.Window}
	if t := train.Tokenizer(); t != nil {
		var err error
		if text, err = dataset.NewTextSchema(t, d.Window); err != nil {
			return nil, err
		}
	}
	return &dataset.Schema{
		Version: dataset.SchemaVersion, Text: text, Rows: train.Len(),
		Target: dataset.TargetSchema{Name: "next token", Task: dataset.TaskLanguage, Std: 1},
	}, nil
}

// settleText replaces what is auto.
func (c *Config) settleText(s *Sets) error {
	text := s.Schema.Text
	c.Data.Task = dataset.TaskLanguage
	if c.Loss.Kind == "auto" {
		c.Loss = newLoss("cross_entropy")
	}
	if l, ok := c.Loss.Options.(*crossEntropy); !ok || l.balanced {
		return mistakef("config: loss %s: a language model wants cross_entropy, without balanced classes", c.Loss.Kind)
	}
	if c.autoModel || !c.modelGiven {
		c.Model, c.lone, c.autoModel = []Layer{newLayer("gpt")}, true, false
	}
	settle(c.Model, &modelContext{outputs: text.Vocab, vocab: text.Vocab, context: text.Length})
	c.tokens = text.Length
	if c.BatchTok%text.Length != 0 {
		return mistakef("config: batch: %d tokens are no whole number of windows of %d (data.window)", c.BatchTok, text.Length)
	}
	if c.BatchTok > 0 {
		c.Batch = c.BatchTok / text.Length
	}
	if !c.batchGiven {
		c.Batch = defaultWindows
	}
	c.settleLength(s.Train.Len())
	return nil
}

// newLayer returns a layer of a kind with its defaults.
func newLayer(kind string) Layer {
	for _, k := range layerKinds {
		if k.name == kind {
			return Layer{Kind: kind, Options: k.make()}
		}
	}
	panic("config: no layer " + kind)
}

func withoutTokenizer(path string) error {
	return mistakef("config: data %s: the model was trained on tokens of no known tokenizer (want a file of tokens)", path)
}

// SetData is other data to train on; of a text, they may be tokens instead, or
// tokens a text, and parts of images are those that lie beside the new ones.
func (c *Config) SetData(path string) {
	if c.Data.isImages() {
		c.Data.moveImages(path)
	}
	if c.Data.Train = path; c.Data.isText() {
		c.Data.Format = corpusFormat(path, c.Data.Format)
	}
}

// encodeText reads another text for a trained model.
func (c *Config) encodeText(path string, s *dataset.Schema) (dataset.Dataset, error) {
	t, err := s.Text.Load()
	if err != nil {
		return nil, err
	}
	other := c.Data
	other.Train, other.Format = path, corpusFormat(path, formatText)
	whole, err := other.readCorpus(path, t)
	if err != nil {
		return nil, err
	}
	if t == nil && whole.tokens == nil {
		return nil, withoutTokenizer(path)
	}
	tokens, err := whole.tokenize(t)
	if err != nil {
		return nil, err
	}
	return dataset.EvalWindows(tokens, s.Text.Length)
}
