package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func mustTrain(t testing.TB, kind string, c Config, texts ...string) Tokenizer {
	t.Helper()
	tok, err := Train(kind, slices.Values(texts), c)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error (want one with %q)", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

// kinds returns a tokenizer of each kind, trained on some text.
func kinds(t testing.TB) []Tokenizer {
	const text = "the cat sat on the mat; the rat — naïve — ate the hat.\n日本"
	return []Tokenizer{
		Bytes(), mustTrain(t, KindBytes, Config{EndOfText: true}),
		mustTrain(t, KindChars, Config{}, text), mustTrain(t, KindChars, Config{Unknown: true, EndOfText: true}, text),
		mustTrain(t, KindBPE, Config{Size: 280}, text), mustTrain(t, KindWords, Config{}, text),
	}
}

func TestMarshalParse(t *testing.T) {
	g := readGolden(t)
	all := kinds(t)
	for _, name := range []string{"gpt2", "cl100k"} {
		tok, err := LoadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tok)
	}
	for _, tok := range all {
		data, err := Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", tok.Kind(), err)
		}
		if again.Kind() != tok.Kind() || again.Size() != tok.Size() || again.EndOfText() != tok.EndOfText() {
			t.Errorf("%s: %s of %d tokens, end %d; want %d, %d", tok.Kind(), again.Kind(), again.Size(), again.EndOfText(), tok.Size(), tok.EndOfText())
		}
		a, errA := Fingerprint(tok)
		b, errB := Fingerprint(again)
		if a != b || errA != nil || errB != nil || len(a) != 32 {
			t.Errorf("%s: fingerprints %s and %s (%v, %v)", tok.Kind(), a, b, errA, errB)
		}
		for _, text := range g.Texts {
			if !slices.Equal(tok.Encode(text), again.Encode(text)) {
				t.Errorf("%s: %q differs after Parse", tok.Kind(), text)
			}
		}
	}
}

func TestTokensAreInRange(t *testing.T) {
	for _, tok := range kinds(t) {
		for _, text := range readGolden(t).Texts {
			for _, id := range tok.Encode(text) {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("%s: %q has token %d of %d", tok.Kind(), text, id, tok.Size())
				}
			}
		}
		for _, id := range []int32{-1, int32(tok.Size()), 1 << 30} {
			if got := tok.Decode([]int32{id}); got != "" {
				t.Errorf("%s: token %d is %q", tok.Kind(), id, got)
			}
		}
	}
}

func TestChars(t *testing.T) {
	tok, err := Chars("hello, wörld")
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("how"); tok.Size() != 10 || !slices.Equal(got, []int32{4, 6, 8}) {
		t.Errorf("%d tokens, how is %v", tok.Size(), got)
	}
	_, err = tok.Append(nil, "hex é")
	wantError(t, err, `character 'x' (U+0078) at byte 2`, "unknown")
	if got := tok.Decode(tok.Encode("hex")); got != "he" {
		t.Errorf("hex without what is unknown: %q", got)
	}
	unknown := mustTrain(t, KindChars, Config{Unknown: true, EndOfText: true}, "hello, wörld")
	got, err := unknown.Append(nil, "hex")
	if err != nil || !slices.Equal(got, []int32{4, 3, 10}) || unknown.EndOfText() != 11 || unknown.Size() != 12 {
		t.Errorf("hex: %v, %v; end of text %d", got, err, unknown.EndOfText())
	}
	if text := unknown.Decode([]int32{4, 10, 11}); text != "h\uFFFD<|endoftext|>" {
		t.Errorf("decodes to %q", text)
	}
	_, err = Train(KindChars, slices.Values([]string{"fine", "ab\xffc"}), Config{})
	wantError(t, err, "text 1, byte 2", "0xff", KindBytes)
	_, err = Chars("")
	wantError(t, err, "empty")
	if replacement, err := Chars("\uFFFD"); err != nil || replacement.Size() != 1 {
		t.Errorf("the replacement character is a character: %v", err)
	}
}

// TestWords compares cuts with what Kim's clean_str makes of them, but for the
// characters that it drops.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"I've seen it; it's great!":            "i 've seen it ; it 's great !",
		"Don't! They'd, we'll & you're":        "do n't ! they 'd , we 'll & you 're",
		"DON’T ca'n't n't 't":                  "do n't ca ' n't n't 't",
		"rock'n'roll 'quoted' o'clock":         "rock ' n ' roll ' quoted ' o ' clock",
		"£100 for U2 — 3.5%":                   "£ 100 for u2 — 3 . 5 %",
		"Ünïcode naïve e\u0301 日本 हिन्दी \xff": "ünïcode naïve e\u0301 日本 हिन्दी \uFFFD",
		"  \t\n ": "",
	} {
		var got []string
		new(cutter).words(text, func(w []byte) { got = append(got, string(w)) })
		if strings.Join(got, " ") != want {
			t.Errorf("%q is cut into %q, want %q", text, strings.Join(got, " "), want)
		}
	}
	tok, err := Words([]string{"b a b", "c b a", "d"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("a B zzz"); !slices.Equal(got, []int32{3, 2, UnknownWord}) || tok.Size() != 4 {
		t.Errorf("%v of %d tokens", got, tok.Size())
	}
	if got := tok.Decode([]int32{3, 2, 1, 0, 0}); got != "a b <unk>" {
		t.Errorf("decodes to %q", got)
	}
	if often := mustTrain(t, KindWords, Config{Min: 2}, "b a b c a"); often.Size() != 4 {
		t.Errorf("%d tokens of words that occur twice, want 4", often.Size())
	}
	_, err = Train(KindWords, slices.Values([]string{" "}), Config{})
	wantError(t, err, "0 words")
}

func TestTrainIsDeterministic(t *testing.T) {
	text := strings.Repeat("ab ba abc cab bca aab abb ", 3) + "x y z"
	first := mustTrain(t, KindBPE, Config{Size: 270}, text)
	for range 20 {
		if again := mustTrain(t, KindBPE, Config{Size: 270}, text); !slices.Equal(again.(*bpe).order, first.(*bpe).order) {
			t.Fatal("the same text gives other merges")
		}
	}
	if few := mustTrain(t, KindBPE, Config{Size: 5000}, "ab ab"); few.Size() != 256+2+1 {
		t.Errorf("%d tokens of a text with the pairs ab and ' ab'", few.Size())
	}
	_, err := TrainBPE(nil, 256)
	wantError(t, err, "256 tokens", "257")
}

// TestMergesOfRepeats holds merging to the definition, one merge at a time over
// the whole piece.
func TestMergesOfRepeats(t *testing.T) {
	b := mustTrain(t, KindBPE, Config{Size: 300}, "aaaaaaaaaaaaa abababababab bbbaaabbbaaa aabbaabb babababa").(*bpe)
	for n := range 40 {
		for _, unit := range []string{"a", "ab", "aab", "bba", "b"} {
			piece := strings.Repeat(unit, n)
			if got, want := b.Encode(piece), mergeByDefinition(b, piece); !slices.Equal(got, want) {
				t.Errorf("%q: %v, want %v", piece, got, want)
			}
		}
	}
}

func mergeByDefinition(b *bpe, piece string) (ids []int32) {
	for i := range len(piece) {
		ids = append(ids, b.base[piece[i]])
	}
	for {
		at, best := -1, merge{rank: int32(len(b.order))}
		for i := 1; i < len(ids); i++ {
			if m, ok := b.merges[pair{ids[i-1], ids[i]}]; ok && m.rank < best.rank {
				at, best = i, m
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at-1, at+1, best.id)
	}
}

func TestConcurrentUse(t *testing.T) {
	g := readGolden(t)
	tok, err := LoadFile("testdata/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i, text := range g.Texts {
				if !slices.Equal(tok.Encode(text), g.GPT2[i]) {
					t.Errorf("%q differs", text)
				}
			}
		})
	}
	all.Wait()
}

func TestGPT2Files(t *testing.T) {
	data, err := os.ReadFile("testdata/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	var f hfFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	f.Model.Vocabulary[EndOfTextToken] = 600
	vocabulary, err := json.Marshal(f.Model.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	merges := "#version: 0.2\n"
	for _, m := range f.Model.Merges {
		merges += m[0] + " " + m[1] + "\n"
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("vocab.json", string(vocabulary))
	_, err = LoadFile(dir)
	wantError(t, err, "vocab.json", "merges.txt")
	write("merges.txt", merges)
	tok, err := LoadFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	g := readGolden(t)
	for i, text := range g.Texts {
		if got := tok.Encode(text); !slices.Equal(got, g.GPT2[i]) {
			t.Errorf("%q: %v, want %v", text, got, g.GPT2[i])
		}
	}
	write("merges.txt", "#version: 0.2\n! ! !\nnonsense\n")
	_, err = LoadFile(dir)
	wantError(t, err, "merges.txt:3", `"nonsense"`)
}

func TestRefusesFiles(t *testing.T) {
	data, err := os.ReadFile("testdata/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, to, want string }{
		{`"type":"BPE"`, `"type":"Unigram"`, `model "Unigram"`},
		{`"normalizer":null`, `"normalizer":{"type":"Lowercase"}`, "normalizer Lowercase"},
		{`"byte_fallback":false`, `"byte_fallback":true`, "byte_fallback"},
		{`"dropout":null`, `"dropout":0.1`, "dropout 0.1"},
		{`"continuing_subword_prefix":null`, `"continuing_subword_prefix":"##"`, "prefix"},
		{`"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"type":"Whitespace"`, "pre_tokenizer Whitespace"},
		{`"use_regex":true},"post`, `"use_regex":false},"post`, "a sequence of other steps"},
		{`"lstrip":false`, `"lstrip":true`, "<|endoftext|>"},
		{`"!":0,`, `"!":7,`, "the same id 7"},
		{`"!":0,`, `"▁the":0,`, `"▁the"`},
		{`"!":0,`, ``, "the byte 0x21"},
		{`"!":0,`, `"!":-5,`, "-5"},
		{`"!":0,`, `"!":999999999,`, "999999999"},
		{`["O","N"]`, `["O","nowhere"]`, `"nowhere"`},
		{`["O","N"]`, `"ON"`, "two tokens"},
	} {
		text := strings.Replace(string(data), c.old, c.to, 1)
		if text == string(data) {
			t.Fatalf("%s is not in the file", c.old)
		}
		_, err := Parse([]byte(text))
		wantError(t, err, "tokenizer.json", c.want)
	}
	for text, want := range map[string]string{
		"":                          "tokenizer",
		"{}":                        "descent_tokenizer",
		`{"descent_tokenizer": 99}`: "version 99",
		`{"descent_tokenizer":1}`:   `kind ""`,
		`{"descent_tokenizer":1,"kind":"chars","characters":"ba"}`: `'a' stands behind 'b'`,
		`{"descent_tokenizer":1,"kind":"words","words":["a","a"]}`: "each once",
	} {
		_, err := Parse([]byte(text))
		wantError(t, err, want)
	}
	_, err = LoadFile("testdata")
	wantError(t, err, "neither tokenizer.json nor vocab.json")
	_, err = Train("syllables", slices.Values([]string{"a"}), Config{})
	wantError(t, err, `"syllables"`, KindWords)
}

func TestDecoder(t *testing.T) {
	const text = "naïve 日本 😀 <|endoftext|> \xe6\x97 x\xff."
	for _, tok := range []Tokenizer{Bytes(), mustTrain(t, KindBPE, Config{Size: 260}, text)} {
		d, got := NewDecoder(tok), ""
		for _, id := range tok.Encode(text) {
			part := d.Next(id)
			if part != strings.ToValidUTF8(part, "") {
				t.Errorf("%s: %q is no text", tok.Kind(), part)
			}
			got += part
		}
		if got += d.Flush(); got != strings.ToValidUTF8(text, "\uFFFD") {
			t.Errorf("%s: %q, want %q", tok.Kind(), got, text)
		}
	}
	d := NewDecoder(Bytes())
	if a, b, c := d.Next(0xe6), d.Next(0x97), d.Next('x'); a+b != "" || c != "\uFFFDx" {
		t.Errorf("%q, %q, %q", a, b, c)
	}
	if d.Next(0xf0); d.Flush() != "\uFFFD" || d.Flush() != "" {
		t.Error("what is held back is returned once")
	}
	words := mustTrain(t, KindWords, Config{}, "a b")
	d = NewDecoder(words)
	if got := d.Next(2) + d.Next(3) + d.Next(2); got != "a b a" {
		t.Errorf("words: %q", got)
	}
}
