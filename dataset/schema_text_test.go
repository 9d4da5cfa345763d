package dataset

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tokenizer"
)

// TestTextSchema: a tokenizer travels with the schema.
func TestTextSchema(t *testing.T) {
	chars, err := tokenizer.Chars("to be or not")
	if err != nil {
		t.Fatal(err)
	}
	text, err := NewTextSchema(chars, 64)
	if err != nil {
		t.Fatal(err)
	}
	s := &Schema{Version: SchemaVersion, Text: text, Target: TargetSchema{Task: TaskLanguage}}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseSchema(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Text.Load()
	if err != nil || again.Decode(chars.Encode("boo")) != "boo" {
		t.Errorf("%v, %v", again, err)
	}
	if got := back.String(); !strings.Contains(got, "text: chars, 7 different, windows of 64") {
		t.Errorf("described as %q", got)
	}
	for want, change := range map[string]func(*TextSchema){
		"0 different tokens":       func(s *TextSchema) { s.Vocab = 0 },
		"a tokenizer of 7 tokens":  func(s *TextSchema) { s.Vocab = 9 },
		"tokenizer":                func(s *TextSchema) { s.Tokenizer = json.RawMessage(`{}`) },
		"-1 an example (want 1 or": func(s *TextSchema) { s.Length = -1 },
	} {
		bad := *text
		change(&bad)
		if err := (&Schema{Version: SchemaVersion, Text: &bad}).Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
