package examples

import (
	"strings"
	"testing"
)

// TestAll: the list has every file, and each says what it is.
func TestAll(t *testing.T) {
	entries, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(order) {
		t.Errorf("%d files and %d names", len(entries), len(order))
	}
	for _, e := range All() {
		if e.YAML == nil || e.About == "" || !strings.Contains(string(e.YAML), "name: "+e.Name+"\n") {
			t.Errorf("%q: %+v", e.Name, e.About)
		}
	}
	for _, name := range []string{"", "none", "../examples/digits", "digits.yaml"} {
		if _, ok := Find(name); ok {
			t.Errorf("there is an example %q", name)
		}
	}
}
