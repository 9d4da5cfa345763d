package config

import (
	"strings"
	"testing"
)

// TestSparseOptimizers: before anything is trained, a rule that needs whole tables
// says so at its key, and one for touched rows, or for tables that are not
// sparse, does not.
func TestSparseOptimizers(t *testing.T) {
	data := "data: {train: " + writeClicks(t, "clicks.csv", "user,item,a,b\n", "%d,%d,%d,%d\n") + ", user: user, item: item, rating: none}\nloss: bpr\n"
	for text, want := range map[string]string{
		"optimizer: lamb":                                                  `optimizer: the parameter "user.weight" is sparse, and LARS and LAMB take the norm of the whole table: want adam or adagrad`,
		"optimizer: adam\nema: {decay: 0.9}":                               "EMA averages the whole table at each update: want no ema, or a table that is not sparse (sparse: false)",
		"optimizer: lamb\nmodel: {bpr: {dim: 8, sparse: false}}":           "",
		"optimizer: muon":                                                  "",
		"optimizer: {ftrl: {l1: 0.1}}\nclip: {norm: 1}":                    "",
		"optimizer: {adam: {lazy: exact}}\nclip: {adaptive: 0.1}":          "",
		"optimizer: {adagrad: {rowwise: true}}\nschedule: cosine":          "",
		"optimizer: {sparse_adam: {weight_decay: 0.1, decay: matrices}}\n": "",
	} {
		c := mustParse(t, data+text)
		sets, err := c.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		switch _, err = c.BuildTrain(sets); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !IsFault(err)):
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
