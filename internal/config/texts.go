package config

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tokenizer"
)

// textTokenizer is the tokenizer of so many training texts without more: words,
// and where there are enough texts, those that occur twice, so that the token of
// unknown words is learned too.
func textTokenizer(rows int) Tokenizer {
	w := &words{size: 30000, min: 1}
	if rows >= 500 {
		w.min = 2
	}
	return Tokenizer{tokenizer.KindWords, w}
}

// textOptions says how the texts of data.text become tokens, learned of so many
// training rows.
func (d *Data) textOptions(rows int) (*dataset.TextOptions, error) {
	known, err := d.Tokenizer.load()
	if err != nil {
		return nil, err
	}
	if d.Tokenizer.Kind == "auto" {
		d.Tokenizer = textTokenizer(rows)
	}
	return &dataset.TextOptions{
		Column: d.Text, Tokenizer: known, Kind: d.Tokenizer.Kind, Config: d.Tokenizer.Options.config(), Length: d.Window,
	}, nil
}

// settleTexts replaces what is auto where texts are classified: the column's
// number becomes its name.
func (c *Config) settleTexts(s *dataset.TextSchema) {
	c.Data.Text, c.Data.Window = s.Column, s.Length
	if c.autoModel || !c.modelGiven {
		c.Model, c.autoModel, c.sizedText = autoText(s.Length), false, true
	}
}
