package config

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tokenizer"
)

// textOptions says how the texts of data.text become tokens.
func (d *Data) textOptions() (*dataset.TextOptions, error) {
	known, err := d.Tokenizer.load()
	if err != nil {
		return nil, err
	}
	if d.Tokenizer.Kind == "auto" {
		d.Tokenizer = newTokenizer(tokenizer.KindWords)
	}
	return &dataset.TextOptions{
		Column: d.Text, Tokenizer: known, Kind: d.Tokenizer.Kind, Config: d.Tokenizer.Options.config(), Length: d.Window,
	}, nil
}

// settleTexts replaces what is auto where texts are classified: the column's
// number becomes its name, and the model an encoder.
func (c *Config) settleTexts(s *dataset.TextSchema) {
	c.Data.Text, c.Data.Window = s.Column, s.Length
	if c.autoModel || !c.modelGiven {
		c.Model, c.autoModel = []Layer{newLayer("encoder"), newLayer("dense")}, false
	}
}
