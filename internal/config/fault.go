package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// place says where in the input something stands. line and column count from
// 1; line 0 is the source as a whole.
type place struct {
	source    string
	line, col int
}

func (p place) String() string {
	if p.line == 0 {
		return p.source
	}
	return fmt.Sprintf("%s:%d:%d", p.source, p.line, p.col)
}

// Fault is one mistake in a configuration.
type Fault struct {
	at      place
	message string
}

func (f Fault) Error() string { return f.at.String() + ": " + f.message }

// Faults is every mistake in a configuration, in the order of the text.
type Faults []Fault

func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// mistake is a fault that has no place, for it shows only with the data.
type mistake struct{ error }

func (m mistake) Unwrap() error { return m.error }

func mistakef(format string, args ...any) error { return mistake{fmt.Errorf(format, args...)} }

// maxFaults is how many mistakes are listed.
const maxFaults = 50

func (fs *Faults) add(at place, format string, args ...any) {
	if len(*fs) < maxFaults {
		*fs = append(*fs, Fault{at, fmt.Sprintf(format, args...)})
	}
}

// err returns the faults in the order of the text, or nil.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		if a.at.source != b.at.source {
			return 0 // an override stays behind the file
		}
		return cmp.Or(cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.col, b.at.col))
	})
	return fs
}

// nearest says which of the names a person may have meant: the one that is
// close to what was got, or all of them.
func nearest(got string, names []string) string {
	best, distance := "", len(got)/3+1
	for _, n := range names {
		if d := editDistance(strings.ToLower(got), n); d <= distance && (best == "" || d < distance) {
			best, distance = n, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "want " + list(names)
}

// list joins names for people: a, b or c.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// editDistance counts the letters to insert, delete, replace, or swap with
// their neighbour (optimal string alignment).
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
