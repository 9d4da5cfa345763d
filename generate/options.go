package generate

import (
	"errors"
	"fmt"
	"slices"
)

// Options say how a text goes on, and how it ends. The zero value is greedy.
type Options struct {
	Sampling
	// Tokens is the most tokens of a text, without the prompt; 0: 200.
	Tokens int
	// Stop are strings that end a text; it does not contain them.
	Stop []string
	// KeepGoing makes texts go on behind the token that stands between
	// documents, which else ends them.
	KeepGoing bool
}

// Defaults are options for text that is neither dull nor wild: temperature 0.8
// as in nanoGPT's sample.py, 200 tokens.
func Defaults() Options { return Options{Sampling: Sampling{Temperature: 0.8}, Tokens: 200} }

// Validate says what is wrong with all of the fields.
func (o *Options) Validate() error {
	err := o.Sampling.Validate()
	if o.Tokens < 0 {
		err = errors.Join(err, fmt.Errorf("generate: %d tokens (want 1 or more, or 0 for 200)", o.Tokens))
	}
	if slices.Contains(o.Stop, "") {
		err = errors.Join(err, errors.New("generate: an empty stop string"))
	}
	return err
}

// Ending is why a text has ended.
type Ending string

// The reasons for which texts end.
const (
	GoesOn    Ending = ""       // it has not
	AtTokens  Ending = "tokens" // Options.Tokens
	AtStop    Ending = "stop"   // a string of Options.Stop
	EndOfText Ending = "end"    // the token that stands between documents
)

// Piece is what a token adds to a text.
type Piece struct {
	Sequence int    // the number of the prompt
	Token    int32  // the token, of which Text need not be the text
	Text     string // what is certain of the text now: whole characters, nothing of a stop string
	Ending   Ending // of the last piece of a text: why it ends
}
