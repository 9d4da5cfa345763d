package dataset

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/descent-ml/descent/tokenizer"
)

// TaskLanguage is the task of a language model: the next token.
const TaskLanguage = "language"

// TextSchema is how text becomes the tokens of an example: the windows of a text
// for a language model, or the texts in a column of a table.
type TextSchema struct {
	Tokenizer json.RawMessage `json:"tokenizer,omitempty"` // tokenizer.Marshal; none if only tokens are known
	Vocab     int             `json:"vocab"`               // tokens that there are
	Length    int             `json:"length"`              // tokens of an example: of a window, or where longer texts are cut
	Column    string          `json:"column,omitempty"`    // of a table; none for a language model
}

// NewTextSchema returns the schema of a tokenizer.
func NewTextSchema(t tokenizer.Tokenizer, length int) (*TextSchema, error) {
	data, err := tokenizer.Marshal(t)
	if err != nil {
		return nil, err
	}
	return &TextSchema{Tokenizer: data, Vocab: t.Size(), Length: length}, nil
}

// Load returns the tokenizer, nil if there is none.
func (t *TextSchema) Load() (tokenizer.Tokenizer, error) {
	if t.Tokenizer == nil {
		return nil, nil
	}
	return tokenizer.Parse(t.Tokenizer)
}

// Language returns the tokenizer of a language model and how many tokens it sees
// at once, or why the schema is not that of one that can write.
func (s *Schema) Language() (tokenizer.Tokenizer, int, error) {
	if s.Text == nil || s.Text.Column != "" {
		return nil, 0, fmt.Errorf("it is no language model: it predicts %q", s.Target.Name)
	}
	tok, err := s.Text.Load()
	if err == nil && tok == nil {
		err = errors.New("its tokens have no text: the data were tokens without a tokenizer")
	}
	return tok, s.Text.Length, err
}

func (t *TextSchema) validate() error {
	if t.Vocab < 1 || t.Length < 1 {
		return fmt.Errorf("dataset: schema: text of %d different tokens, %d an example (want 1 or more)", t.Vocab, t.Length)
	}
	tok, err := t.Load()
	if err == nil && tok != nil && tok.Size() != t.Vocab {
		err = fmt.Errorf("dataset: schema: a tokenizer of %d tokens (want %d)", tok.Size(), t.Vocab)
	}
	return err
}

// String describes the text in a line.
func (t *TextSchema) String() string {
	kind := "tokens"
	if tok, err := t.Load(); err == nil && tok != nil {
		kind = tok.Kind()
	}
	if t.Column != "" {
		return fmt.Sprintf("text of %q: %s, %d different, at most %d of a text", t.Column, kind, t.Vocab, t.Length)
	}
	return fmt.Sprintf("text: %s, %d different, windows of %d", kind, t.Vocab, t.Length)
}
