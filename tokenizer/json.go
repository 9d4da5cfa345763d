package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// fileVersion is the version of the JSON of this package; it reads all before.
const fileVersion = 1

// file is a tokenizer of bytes, chars or words as JSON. A BPE is written as
// Hugging Face's tokenizer.json.
type file struct {
	Version    int      `json:"descent_tokenizer"`
	Kind       string   `json:"kind"`
	Characters string   `json:"characters,omitempty"` // sorted
	Words      []string `json:"words,omitempty"`      // by falling frequency
	Unknown    bool     `json:"unknown,omitempty"`
	EndOfText  bool     `json:"end_of_text,omitempty"`
}

func (f file) marshal() ([]byte, error) {
	f.Version = fileVersion
	return json.Marshal(f)
}

func (f file) tokenizer() (Tokenizer, error) {
	if f.Version < 1 || f.Version > fileVersion {
		return nil, fmt.Errorf("tokenizer: version %d (want 1 to %d: a newer descent wrote it)", f.Version, fileVersion)
	}
	switch f.Kind {
	case KindBytes:
		return newRaw(f.EndOfText), nil
	case KindChars:
		return newChars([]rune(f.Characters), f.Unknown, f.EndOfText)
	case KindWords:
		return newWords(f.Words)
	}
	return nil, fmt.Errorf("tokenizer: kind %q (want %s, %s or %s)", f.Kind, KindBytes, KindChars, KindWords)
}

// Marshal returns a tokenizer as JSON, the same bytes each time: that of a BPE
// is a tokenizer.json of Hugging Face.
func Marshal(t Tokenizer) ([]byte, error) {
	if t == nil {
		return nil, errors.New("tokenizer: there is none")
	}
	return t.marshal()
}

// Parse reads what Marshal wrote, or a tokenizer.json of Hugging Face with
// byte-level BPE.
func Parse(data []byte) (Tokenizer, error) {
	var probe struct {
		file
		Model json.RawMessage `json:"model"`
	}
	if err := json.Unmarshal(data, &probe); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if probe.Model != nil {
		return parseHuggingFace(data)
	}
	if probe.Version == 0 {
		return nil, errors.New(`tokenizer: neither a tokenizer of descent nor a tokenizer.json of Hugging Face (want the key "descent_tokenizer" or "model")`)
	}
	return probe.file.tokenizer()
}

// LoadFile reads a tokenizer: a file that Marshal wrote, a tokenizer.json of
// Hugging Face, a vocab.json of GPT-2 with its merges.txt beside it, or the
// folder of one of them.
func LoadFile(path string) (Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	if info.IsDir() {
		if path, err = tokenizerIn(path); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	var t Tokenizer
	switch filepath.Ext(path) {
	case ".model":
		err = errors.New("tokenizer: a model of SentencePiece (want a tokenizer.json with byte-level BPE)")
	case ".txt":
		err = errors.New("tokenizer: a list of merges or words (want vocab.json, and merges.txt beside it)")
	default:
		t, err = parseOrPair(path, data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// tokenizerIn returns the tokenizer file of a folder.
func tokenizerIn(dir string) (string, error) {
	for _, name := range []string{"tokenizer.json", "vocab.json"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("tokenizer: neither tokenizer.json nor vocab.json in %s", dir)
}

// parseOrPair reads a tokenizer, or a vocabulary with the merges beside it.
func parseOrPair(path string, data []byte) (Tokenizer, error) {
	if filepath.Base(path) != "vocab.json" {
		return Parse(data)
	}
	merges, err := os.ReadFile(filepath.Join(filepath.Dir(path), "merges.txt"))
	if err != nil {
		return nil, fmt.Errorf("tokenizer: a vocabulary without merges: %w", err)
	}
	return parseGPT2(data, merges)
}
