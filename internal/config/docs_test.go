package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs: docs/configuration.md names every key, kind and option.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	keys, kinds, _ := strings.Cut(string(b), "## Layers")
	var walk func(prefix string, f fields)
	walk = func(prefix string, f fields) {
		for _, x := range f {
			if inner, ok := x.codec.(fields); ok {
				walk(prefix+x.key+".", inner)
			} else if !strings.Contains(keys, prefix+x.key) {
				t.Errorf("no key %s%s", prefix, x.key)
			}
		}
	}
	walk("", Default().keys())
	describe(t, kinds, layerKinds)
	describe(t, kinds, initKinds)
	describe(t, kinds, tokenizerKinds)
	describe(t, kinds, lossKinds[1:])
	describe(t, kinds, optimizerKinds)
	describe(t, kinds, scheduleKinds)
	describe(t, kinds, policyKinds)
}

func describe[T part](t *testing.T, text string, all []alternative[T]) {
	t.Helper()
	for _, a := range all {
		if !strings.Contains(text, "`"+a.name+"`") && !strings.Contains(text, "{"+a.name+":") {
			t.Errorf("no kind %s", a.name)
		}
		for _, key := range a.make().keys().names() {
			if key != "layers" && !strings.Contains(text, key) {
				t.Errorf("no option %s of %s", key, a.name)
			}
		}
	}
}
