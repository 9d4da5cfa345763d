package config

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/train"
)

// TestAutoText: without a word on the model, texts whose class is in a word, in
// a pair of words or in their order are told apart.
func TestAutoText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	filler := func() string {
		var words []string
		for range r.IntN(6) {
			words = append(words, fmt.Sprint("w", r.IntN(40)))
		}
		return strings.Join(words, " ")
	}
	kinds := [][2]string{{"a", "prize"}, {"b", "meeting"}, {"c", "not good"}, {"d", "good not"}}
	var b strings.Builder
	b.WriteString("class\tbody\n")
	for range 800 {
		k := kinds[r.IntN(len(kinds))]
		fmt.Fprintf(&b, "%s\t%s %s %s\n", k[0], filler(), k[1], filler())
	}
	path := filepath.Join(t.TempDir(), "texts.tsv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c, s := loadText(t, "data: {train: "+path+", target: class, text: body, split: {test: 25%}}\noptimizer: {adamw: {lr: 3e-3}}")
	if len(s.Train.Fields()) != 3 || c.Batch != 64 || c.Budget.N != 30 || c.Data.Tokenizer.Options.(*words).min != 2 {
		t.Errorf("settled as\n%s", c.YAML())
	}
	built, err := c.BuildTrain(s)
	if err != nil {
		t.Fatal(err)
	}
	built.Out = train.NoOut
	run, err := train.Fit(t.Context(), built)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := run.Summary.Test.Get("accuracy"); got < 0.98 {
		t.Errorf("accuracy %v of the test texts", got)
	}
	roundTrip(t, mustParse(t, string(c.YAML())))
}

// TestAutoTextLength: about a thousand updates, in batches by the number of texts.
func TestAutoTextLength(t *testing.T) {
	for _, k := range []struct {
		texts, batch int
		epochs       float64
	}{{30, 30, 30}, {1500, 64, 30}, {5000, 64, 13}, {25_000, 128, 6}, {1_000_000, 128, 4}} {
		c := Default()
		c.sizedText = true
		if c.settleLength(k.texts); c.Batch != k.batch || c.Budget.N != k.epochs {
			t.Errorf("%d texts: batches of %d, %v", k.texts, c.Batch, c.Budget)
		}
	}
}

// TestAutoTextSizes: long texts get a smaller convolution.
func TestAutoTextSizes(t *testing.T) {
	for tokens, want := range map[int]int{5: 64, 128: 64, 129: 32, 512: 32} {
		deep := autoText(tokens)[0].Options.(*group).list[0].Options.(*group).list
		if got := deep[0].Options.(*embedding).dim; got != want {
			t.Errorf("%d tokens: embeddings of %d channels, want %d", tokens, got, want)
		}
	}
}

// TestRealSpam: on 30 % of the SMS collection the automatic model learns what
// Almeida, Hidalgo and Yamakami (DocEng 2011) report of a linear SVM on the
// others, 97.64 %.
func TestRealSpam(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "data", "sms-spam", "SMSSpamCollection.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no data: %v", err)
	}
	if testing.Short() {
		t.Skip("seconds")
	}
	c, s := loadText(t, "data: {train: "+path+", format: tsv, names: [label, body], quotes: none, target: label, text: body, split: {test: 70%}}\n"+
		"optimizer: {adamw: {lr: 3e-3}}\nschedule: cosine\nbudget: 8 epochs")
	built, err := c.BuildTrain(s)
	if err != nil {
		t.Fatal(err)
	}
	built.Out = train.NoOut
	run, err := train.Fit(t.Context(), built)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := run.Summary.Test.Get("accuracy"); got < 0.9764 || s.Test.Len() != 3902 {
		t.Errorf("accuracy %v of %d messages", got, s.Test.Len())
	}
}

// TestFormatOf: lines of a label and a text are known by the model's data, unless
// the file has the name of another format.
func TestFormatOf(t *testing.T) {
	for _, k := range [][3]string{
		{"new.all", "labeled", "labeled"}, {"new.csv", "labeled", "csv"}, {"new.csv.gz", "labeled", "csv"}, {"new.jsonl", "labeled", "jsonl"},
		{"new.csv", "tsv", "csv"}, {"new.txt", "tsv", "tsv"}, {"new.csv", "parquet", "csv"}, {"new.tsv", "csv", "tsv"},
	} {
		if got := formatOf(k[0], k[1]); got != k[2] {
			t.Errorf("%s for a model of %s is read as %s, want %s", k[0], k[1], got, k[2])
		}
	}
}
