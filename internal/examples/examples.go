// Package examples holds the configurations that are in the program, by name.
package examples

import (
	"embed"
	"path"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Example is a configuration and what it is for.
type Example struct {
	Name  string
	About string // one line
	YAML  []byte
}

// order is that of the list: what needs nothing comes first.
var order = []string{"digits", "mnist-mlp", "mnist-sklearn", "fashion-mlp", "adult", "california"}

// All returns the examples in the order of the list.
func All() []Example {
	all := make([]Example, len(order))
	for i, name := range order {
		all[i], _ = Find(name)
	}
	return all
}

// Find returns the example of a name.
func Find(name string) (Example, bool) {
	b, err := files.ReadFile(path.Base(name) + ".yaml")
	if err != nil || path.Base(name) != name {
		return Example{}, false
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return Example{name, strings.TrimPrefix(first, "# "), b}, true
}

// Names returns the names of all examples.
func Names() []string { return order }
