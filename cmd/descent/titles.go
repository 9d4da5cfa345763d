package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/dataset"
)

// readTitles returns the title of each item by a table, whose first column has
// the identifiers.
func readTitles(path, column string) (map[string]string, error) {
	t, err := dataset.ReadTable(path, dataset.TableOptions{})
	if err != nil { // such as MovieLens's u.item, which is older than UTF-8
		var e error
		if t, e = dataset.ReadTable(path, dataset.TableOptions{Encoding: dataset.EncodingLatin1}); e != nil {
			return nil, fmt.Errorf("titles: %w", err)
		}
	}
	col, err := titleColumn(t.Names(), column)
	if err != nil {
		return nil, fmt.Errorf("titles: %s: %w", path, err)
	}
	titles := make(map[string]string, t.Len())
	for row := range t.Len() {
		titles[t.Cell(row, 0)] = t.Cell(row, col)
	}
	return titles, nil
}

// titleNames are taken for a column of titles, the first that there is.
var titleNames = []string{"title", "name", "label"}

func titleColumn(names []string, column string) (int, error) {
	if len(names) < 2 {
		return 0, fmt.Errorf("one column (want identifiers of items and their titles)")
	}
	if column != "" {
		if i := slices.Index(names, column); i >= 0 {
			return i, nil
		}
		if i, err := strconv.Atoi(column); err == nil && i >= 0 && i < len(names) {
			return i, nil
		}
		return 0, fmt.Errorf("no column %q (got %s)", column, strings.Join(names, ", "))
	}
	for _, want := range titleNames {
		if i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, want) }); i > 0 {
			return i, nil
		}
	}
	return 1, nil
}
