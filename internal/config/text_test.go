package config

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
)

// verse is 40 characters, 11 different ones.
const verse = "to be or not to be, that is the question"

// textFile writes a verse so many times.
func textFile(t *testing.T, times int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat(verse+"\n", times)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// bigramModel needs nothing but tokens.
const bigramModel = "\nmodel: [{embedding: {rows: 300, dim: 8}}, {dense: auto}]"

func loadText(t *testing.T, text string) (*Config, *Sets) {
	t.Helper()
	c := mustParse(t, text)
	s, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// TestText: loss, task, vocabulary and windows follow from a text, whose last
// tenth of characters is for validation.
func TestText(t *testing.T) {
	path := textFile(t, 100)
	c, s := loadText(t, "data: {train: "+path+", window: 16, split: {val: 10%}}\nbatch: {tokens: 64, shards: 2}"+bigramModel)
	if c.Data.Format != "text" || c.Data.Task != dataset.TaskLanguage || c.Loss.Kind != "cross_entropy" || c.Data.Tokenizer.Kind != "chars" || c.Data.Split.By != "tail" {
		t.Errorf("settled as %s", c.YAML())
	}
	if c.Batch != 4 || c.tokens != 16 {
		t.Errorf("a batch of %d windows of %d tokens", c.Batch, c.tokens)
	}
	train, val := s.Train.(*dataset.Windows).Tokens(), s.Val.(*dataset.Windows).Tokens()
	if train.Len() != 3690 || val.Len() != 410 || s.Schema.Text.Vocab != train.Vocabulary() {
		t.Errorf("%d tokens to train on, %d to validate, %d different ones", train.Len(), val.Len(), s.Schema.Text.Vocab)
	}
	if unit, n := s.Val.(*dataset.Windows).Units(); unit != "char" || n != 409 {
		t.Errorf("the validation text has %d %ss", n, unit)
	}
	built, err := c.BuildTrain(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := built.Validate(); err != nil {
		t.Error(err)
	}
	roundTrip(t, mustParse(t, string(c.YAML())))
}

// TestTextOfTrainedModel: another text is encoded by the model's tokenizer, and
// a character that it does not know is named.
func TestTextOfTrainedModel(t *testing.T) {
	c, s := loadText(t, "data: {train: "+textFile(t, 100)+", window: 16}"+bigramModel)
	raw, err := json.Marshal(s.Schema)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := dataset.ParseSchema(raw)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := c.Encode(textFile(t, 3), "test", schema)
	if err != nil || ds.(*dataset.Windows).Tokens().Len() != 123 {
		t.Errorf("%v, %v", ds, err)
	}
	other := filepath.Join(t.TempDir(), "other.txt")
	if err := os.WriteFile(other, []byte("to be XVI"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Encode(other, "test", schema); err == nil || !strings.Contains(err.Error(), "'X'") || !strings.Contains(err.Error(), "other.txt") {
		t.Errorf("an unknown character gives %v", err)
	}
}

// TestTokenFiles: files of tokens, with and without a tokenizer.
func TestTokenFiles(t *testing.T) {
	dir := t.TempDir()
	ids := make([]int32, 500)
	for i := range ids {
		ids[i] = int32(i % 7)
	}
	tokens, err := dataset.TokensOf(ids, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"train.bin", "val.bin"} {
		if err := dataset.WriteTokens(filepath.Join(dir, name), tokens); err != nil {
			t.Fatal(err)
		}
	}
	_, s := loadText(t, "data: {train: "+dir+"/train.bin, val: "+dir+"/val.bin, window: 10}"+bigramModel)
	if s.Schema.Text.Vocab != 7 || s.Schema.Text.Tokenizer != nil || s.Val.Len() != 50 {
		t.Errorf("%v, %d windows to validate", s.Schema.Text, s.Val.Len())
	}
}

// TestTextBatch: the tokens of a batch take the place of its examples, and a
// short text is a batch by itself.
func TestTextBatch(t *testing.T) {
	data := "data: {train: " + textFile(t, 100) + ", window: 16}" + bigramModel
	for _, x := range []struct {
		text string
		set  []string
		want int
	}{{data, nil, 12}, {data + "\nbatch: 5", []string{"batch.tokens=64"}, 4}, {data + "\nbatch: {tokens: 64}", []string{"batch.size=3"}, 3},
		{data, []string{"data.window=820"}, 4}} {
		c := mustParse(t, x.text, x.set...)
		if _, err := c.Load(nil); err != nil || c.Batch != x.want {
			t.Errorf("%s: a batch of %d, %v, want %d", x.set, c.Batch, err, x.want)
		}
	}
}

// TestTokenizers: each kind has its tokens, under both of its names.
func TestTokenizers(t *testing.T) {
	path := textFile(t, 30)
	for spec, want := range map[string]int{"char": 15, "chars": 15, "{chars: {unknown: true}}": 16, "byte": 256, "{bpe: 270}": 270, "auto": 15} {
		_, s := loadText(t, "data: {train: "+path+", tokenizer: "+spec+"}"+bigramModel)
		if got := s.Schema.Text.Vocab; got != want {
			t.Errorf("tokenizer %s makes %d tokens, want %d", spec, got, want)
		}
	}
	if c := mustParse(t, "data: {train: x.txt, tokenizer: {words: {min: 3}}}", "data.tokenizer.bpe=300"); c.Data.Tokenizer.Kind != "bpe" {
		t.Errorf("--set data.tokenizer.bpe leaves %s", c.Data.Tokenizer.Kind)
	}
}

// TestTextEncodings: a text is the same in any encoding.
func TestTextEncodings(t *testing.T) {
	text := strings.Repeat("müde war er\n", 60)
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	for encoding, b := range map[string][]byte{
		"utf-8": []byte("\ufeff" + text), "latin1": []byte(strings.ReplaceAll(text, "ü", "\xfc")), "utf-8 # known by its mark": wide,
	} {
		path := filepath.Join(t.TempDir(), "text.txt")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		_, s := loadText(t, "data:\n  train: "+path+"\n  encoding: "+encoding+bigramModel)
		if got := s.Schema.Text.Vocab; got != 9 || s.Schema.Rows != utf8.RuneCountInString(text) {
			t.Errorf("%s: %d characters, %d different, want %d and 9", encoding, s.Schema.Rows, got, utf8.RuneCountInString(text))
		}
	}
}

func TestTextFaults(t *testing.T) {
	path := textFile(t, 30)
	empty := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	latin, tokens := filepath.Join(t.TempDir(), "latin.txt"), filepath.Join(t.TempDir(), "tokens.bin")
	for name, text := range map[string]string{latin: "hello\nm\xfcde", tokens: strings.Repeat("\x01\x00", 400)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"data: {train: x.txt, window: 10}\nbatch: {tokens: 64}", "c.yaml:2:17: 64 tokens are no whole number of windows of 10"},
		{"data: {train: x.txt}\nbatch: {tokens: 64, size: 2}", "c.yaml:2:8: size and tokens exclude each other"},
		{"data: {train: x.txt, tokenizer: {bpe: 3}}", "c.yaml:1:39: got 3 (want a whole number, 257 to"},
		{"data: {train: x.txt, tokenizer: word}", `c.yaml:1:33: unknown tokenizer "word" (did you mean "words"?)`},
		{"data: {train: x.txt, cut: phase}", `did you mean "phases"?`},
		{"data: {train: " + path + ", target: a, format: text}", "data.target is about the columns of a table"},
		{"data: {train: " + path + ", split: {val: 10%, by: stratified}}", "a text, which is split at its end"},
		{"data: {train: " + path + "}\nloss: mse", "a language model wants cross_entropy"},
		{"data: {train: " + path + "}\nmodel: [{embedding: {rows: 15, dim: 3}}]", "c.yaml:2:9: the model gives 3 scores for the 15 tokens of the text"},
		{"data: {train: " + path + ", window: 5000}", "for windows of 5000"},
		{"data: {train: " + empty + "}", "the text is empty"},
		{"data: {train: " + latin + "}", "line 2, byte 7 of the text, 0xfc, is not UTF-8 (want data.encoding: latin1"},
		{"data: {train: " + path + ", val: " + tokens + "}", "is a file of tokens, but"},
		{"data: {train: " + tokens + ", val: " + path + "}", "is a file of text, but"},
		{"data: {train: " + tokens + ", tokenizer: chars}", "chars cannot be learned from a file of tokens"},
		{"data: {train: nowhere.txt}", "nowhere.txt"},
		{"data: {train: " + table(t, 20) + "}\nbatch: {tokens: 64}", "batch.tokens is for a language model"},
		{"data: {train: " + table(t, 20) + "}\nsequence_warmup: {from: 8}", "sequence_warmup is for a language model"},
		{"data: {train: " + table(t, 20) + "}\nsample: {every: 1up}", "sample.every is for a language model"},
		{"data: {train: " + path + ", window: 16}\nmodel: {gpt: {dim: 8, heads: 2, context: 8}}", "c.yaml:2:8: gpt: 16 tokens and a context of 8"},
		{"data: {train: " + path + "}\nmodel: [{embedding: {rows: auto, dim: 8}}, mean_pool, {dense: auto}]", "c.yaml:2:55: the model gives scores for a text as a whole"},
		{"data: {train: " + path + "}\nmodel: [{embedding: {rows: auto, dim: 8}}, {window: 3}, {dense: auto}]", "c.yaml:2:44: layer 1, window: it sees tokens behind a position"},
		{"data: {train: " + path + "}\nmodel: [{embedding: {rows: auto, dim: 8}}, {gru: {hidden: 8, direction: both}}, {dense: auto}]", "layer 1, gru: it sees tokens behind a position"},
		{"data: {train: " + path + ", tokenizer: {file: nowhere.json}}", "config: data.tokenizer: "},
	} {
		cfg, err := Parse("c.yaml", []byte(c.text))
		if err == nil {
			var s *Sets
			if s, err = cfg.Load(nil); err == nil {
				_, err = cfg.BuildTrain(s)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestTextsFaults: a model that does not end with one row of scores for a text is
// refused before it is trained.
func TestTextsFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trec.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("who who wrote it ?\nplace where is it\n", 30)), 0o644); err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]string{
		"[{embedding: {rows: auto, dim: 8}}, {dense: auto}]":         "c.yaml:2:44: the model gives scores for each of 4 positions, and a text has one label",
		"{gpt: {dim: 8, heads: 2}}":                                  "c.yaml:2:8: the model gives scores for each of 4 positions",
		"[{embedding: {rows: 5, dim: 8}}, mean_pool, {dense: auto}]": "embedding: rows: 5 for the 8 tokens of the text",
		"[{encoder: {vocab: 5}}, {dense: auto}]":                     "encoder: vocab: 5 for the 8 tokens of the text",
		"{encoder: {dim: 8, heads: 2}}":                              "c.yaml:2:8: the model gives 8 scores for the 2 classes of label",
	} {
		c, err := Parse("c.yaml", []byte("data: {train: "+path+", format: labeled, target: label, text: text}\nmodel: "+model))
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.BuildTrain(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", model, err, want)
		}
	}
}

// TestTextBudget: a budget in tokens is so many windows.
func TestTextBudget(t *testing.T) {
	c, s := loadText(t, "data: {train: "+textFile(t, 100)+", window: 16}\nbudget: 6400 tokens\nbatch: 4\nsequence_warmup: {from: 4, over: 1600tok}\nschedule: {cosine: {warmup: 640tok}}"+bigramModel)
	built, err := c.BuildTrain(s)
	if err != nil || built.Budget != batch.Tokens(6400) || built.SequenceWarmup.Over != 0.25 {
		t.Errorf("budget %v, warm-up %v, %v", built.Budget, built.SequenceWarmup, err)
	}
	if share := c.run(s.Train.Len()).share(batch.Tokens(640)); share != 0.1 {
		t.Errorf("640 tokens are %v of the budget", share)
	}
}

// TestTexts: texts to classify get words, the automatic model, and a length that
// hardly cuts any of them.
func TestTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trec.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("who who wrote it ?\nplace where is it\n", 30)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, s := loadText(t, "data: {train: "+path+", format: labeled, target: label, text: text, split: {val: 10%}}")
	if c.Data.Tokenizer.Kind != "words" || c.Data.Window != 4 || len(c.Model) != 1 || c.Model[0].Kind != "sum" || s.Schema.Text.Column != "text" {
		t.Errorf("settled as\n%s%v", c.YAML(), s.Schema)
	}
	if fields := s.Train.Fields(); len(fields) != 3 || fields[1].Name != dataset.FieldLength {
		t.Errorf("fields %v", fields)
	}
	if _, err := c.BuildTrain(s); err != nil {
		t.Error(err)
	}
	if ds, err := c.Encode(path, "test", s.Schema); err != nil || ds.Len() != 60 {
		t.Errorf("the file as test data: %v, %v", ds, err)
	}
	roundTrip(t, mustParse(t, string(c.YAML())))
}
