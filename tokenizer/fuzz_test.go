package tokenizer

import (
	"slices"
	"strings"
	"testing"
)

// FuzzRoundTrip: bytes and BPE give back any text, whole and token by token, and
// BPE merges as it is defined.
func FuzzRoundTrip(f *testing.F) {
	for _, text := range []string{"", "don't  \n stop", "日本\xff\xfe", "<|endoftext|", "a<|endoftext|>b", strings.Repeat(" a", 70)} {
		f.Add(text)
	}
	var all []Tokenizer
	for _, name := range []string{"gpt2", "cl100k"} {
		tok, err := LoadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, tok)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range append(all, Bytes()) {
			ids := tok.Encode(text)
			if got := tok.Decode(ids); got != text {
				t.Fatalf("%s: %q comes back as %q", tok.Kind(), text, got)
			}
			d, streamed := NewDecoder(tok), ""
			for _, id := range ids {
				streamed += d.Next(id)
			}
			if streamed += d.Flush(); strings.ToValidUTF8(streamed, "") != streamed {
				t.Fatalf("%s: %q is printed as %q", tok.Kind(), text, streamed)
			}
			if b, ok := tok.(*bpe); ok && !strings.Contains(text, EndOfTextToken) {
				checkMerges(t, b, text, ids)
			}
		}
	})
}

func checkMerges(t *testing.T, b *bpe, text string, ids []int32) {
	var want []int32
	for rest := text; rest != ""; {
		n := b.split(rest)
		if n < 1 {
			t.Fatalf("no piece of %q", rest)
		}
		want = append(want, mergeByDefinition(b, rest[:n])...)
		rest = rest[n:]
	}
	if !slices.Equal(ids, want) {
		t.Fatalf("%q: %v, want %v", text, ids, want)
	}
}

// FuzzParse: no file makes the reader or what it returns panic.
func FuzzParse(f *testing.F) {
	for _, tok := range kinds(f) {
		data, err := Marshal(tok)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "some text")
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		tok, err := Parse(data)
		if err != nil {
			return
		}
		for _, id := range tok.Encode(text) {
			if id < 0 || int(id) >= tok.Size() {
				t.Fatalf("token %d of %d", id, tok.Size())
			}
		}
		tok.Decode(tok.Encode(text))
		if _, err := Fingerprint(tok); err != nil {
			t.Fatal(err)
		}
	})
}
