package config

import (
	"github.com/descent-ml/descent/batch"
)

// Sample is what a language model writes while it is trained.
type Sample struct {
	Every       batch.Span // zero: nothing
	Prompt      string     // that it continues
	Tokens      int        // that it adds
	Temperature float64
}

func newSample() Sample { return Sample{Prompt: "\n", Tokens: 120, Temperature: 0.8} }

func (s *Sample) keys() fields {
	return fields{
		{key: "every", codec: spanOrNone{&s.Every}},
		{key: "prompt", codec: phrase{text{&s.Prompt}}},
		{key: "tokens", codec: count{p: &s.Tokens, low: 1, high: 1 << 16}},
		{key: "temperature", codec: number{&s.Temperature, limits{low: 0, high: 1000}}},
	}
}

// phrase is text that may be empty.
type phrase struct{ text }

func (p phrase) write() *value { return &value{text: *p.p, quoted: true} }
