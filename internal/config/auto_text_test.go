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
