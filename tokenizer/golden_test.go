package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// golden is what testdata/golden.py wrote with Hugging Face's tokenizers.
type golden struct {
	Texts        []string
	GPT2, CL100K [][]int32
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGoldenTokens(t *testing.T) {
	g := readGolden(t)
	for name, want := range map[string][][]int32{"gpt2": g.GPT2, "cl100k": g.CL100K} {
		tok, err := LoadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if tok.Size() != 601 || tok.EndOfText() != 600 {
			t.Errorf("%s: %d tokens, end of text %d", name, tok.Size(), tok.EndOfText())
		}
		for i, text := range g.Texts {
			if got := tok.Encode(text); !slices.Equal(got, want[i]) {
				t.Errorf("%s: %q\n got %d\nwant %d", name, text, got, want[i])
			}
			if got := tok.Decode(tok.Encode(text)); got != text {
				t.Errorf("%s: decodes to %q, want %q", name, got, text)
			}
		}
	}
}

// shakespeare returns tiny Shakespeare, or skips the test.
func shakespeare(t testing.TB) string {
	data, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "tinyshakespeare", "input.txt"))
	if err != nil {
		t.Skip("no tiny Shakespeare: real data is read at ../shared/data from the root of the project")
	}
	return string(data)
}

// TestTrainsAsHuggingFace holds training to the merges that the same text gives
// in Python.
func TestTrainsAsHuggingFace(t *testing.T) {
	theirs, err := LoadFile("testdata/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := TrainBPE([]string{shakespeare(t)}, 601)
	if err != nil {
		t.Fatal(err)
	}
	a, b := ours.(*bpe), theirs.(*bpe)
	if !slices.Equal(a.tokens, b.tokens) || !slices.Equal(a.order, b.order) {
		for i := range a.order {
			if a.order[i] != b.order[i] {
				t.Fatalf("merge %d: %q + %q, want %q + %q", i, a.tokens[a.order[i].left], a.tokens[a.order[i].right], b.tokens[b.order[i].left], b.tokens[b.order[i].right])
			}
		}
		t.Errorf("%d tokens, want %d", len(a.tokens), len(b.tokens))
	}
	if path := os.Getenv("DESCENT_TOKENIZER_OUT"); path != "" { // for golden.py
		data, err := Marshal(ours)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
