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
	From  string // the address of its data, "" if it is not said
	YAML  []byte
}

// order is that of the list: what needs nothing comes first.
var order = []string{"digits", "mnist-mlp", "mnist-sklearn", "mnist-cnn", "fashion-mlp", "fashion-cnn", "fashion-resnet", "cifar-resnet20", "adult", "california", "shakespeare", "movielens", "movielens-ratings", "movielens-ncf"}

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
	first, rest, _ := strings.Cut(string(b), "\n")
	from, _, _ := strings.Cut(rest, "\n")
	from, ok := strings.CutPrefix(from, "# from: ")
	if !ok {
		from = ""
	}
	return Example{name, strings.TrimPrefix(first, "# "), from, b}, true
}

// Names returns the names of all examples.
func Names() []string { return order }
