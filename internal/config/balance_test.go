package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBalanced: each class gets a weight by its frequency in the training data.
func TestBalanced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.csv")
	if err := os.WriteFile(path, []byte("a,y\n"+strings.Repeat("1,no\n", 30)+strings.Repeat("2,yes\n", 10)), 0o666); err != nil {
		t.Fatal(err)
	}
	c := mustParse(t, "data: {train: '"+path+"'}\nloss: {cross_entropy: {class_weights: balanced}}")
	roundTrip(t, c)
	if _, err := c.Load(nil); err != nil {
		t.Fatal(err)
	}
	got := c.Loss.Options.(*crossEntropy).classes
	if len(got) != 2 || got[0] != 40/60.0 || got[1] != 2 {
		t.Errorf("weights %v, want 0.667 and 2", got)
	}
	if !strings.Contains(string(c.YAML()), "class_weights: [0.6666666666666666, 2]") {
		t.Errorf("printed as\n%s", c.YAML())
	}
}
