package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// book holds results, and keeps them in a file if it has one.
type book struct {
	results []result
	file    *os.File
}

// openBook reads the results of a file, which need not exist; no name keeps nothing.
func openBook(path string) (*book, error) {
	b := &book{}
	if path == "" {
		return b, nil
	}
	old, err := os.Open(path)
	if err == nil {
		defer old.Close()
		for lines := bufio.NewScanner(old); lines.Scan(); {
			var r result
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			b.put(r)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	b.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return b, err
}

// put adds a result, in the place of an older one of the same model and split.
func (b *book) put(r result) {
	same := func(o result) bool { return o.Set == r.Set && o.Seed == r.Seed && o.Model == r.Model }
	b.results = append(slices.DeleteFunc(b.results, same), r)
}

func (b *book) add(r result) error {
	fmt.Fprintf(os.Stderr, "%-16s seed %d  %-22s %.4f  %.4f  %6.1f s CPU, %6.1f s\n", r.Set, r.Seed, r.Model, r.First, r.Second, r.CPU, r.Wall)
	b.put(r)
	if b.file == nil {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = b.file.Write(append(line, '\n'))
	return err
}

// has reports whether a library's models were run on a split.
func (b *book) has(t task, peer string) bool {
	return slices.ContainsFunc(b.results, func(r result) bool { return r.Set == t.name && r.Seed == t.seed && r.Peer == peer })
}

func (b *book) close() {
	if b.file != nil {
		b.file.Close()
	}
}

// row is a model's results on one set, by seed.
type row struct {
	model   string
	results []result
}

// rows gathers the results of a set, descent first and then the best first.
func (b *book) rows(d set) (list []row) {
	for _, r := range b.results {
		if r.Set != d.name {
			continue
		}
		i := slices.IndexFunc(list, func(w row) bool { return w.model == r.Model })
		if i < 0 {
			i, list = len(list), append(list, row{model: r.Model})
		}
		list[i].results = append(list[i].results, r)
	}
	rank := func(w row) float64 {
		first, _ := moments(w.results, func(r result) float64 { return r.First })
		switch {
		case w.model == "descent":
			return math.Inf(-1)
		case d.regression:
			return first
		}
		return -first
	}
	slices.SortStableFunc(list, func(a, b row) int {
		if rank(a) < rank(b) {
			return -1
		}
		if rank(a) > rank(b) {
			return 1
		}
		return 0
	})
	return list
}

// print writes the table of a set: mean ± standard deviation over seeds, mean
// seconds, and the seeds in which descent, if it was run, is behind.
func (b *book) print(w io.Writer, d set, markdown bool) {
	list := b.rows(d)
	if len(list) == 0 {
		return
	}
	head := []string{d.title, "accuracy", "log loss", "CPU s", "wall s", "seeds", "descent is behind in"}
	if d.regression {
		head[1], head[2] = "RMSE", "MAE"
	}
	table := [][]string{head}
	for _, r := range list {
		table = append(table, []string{r.model, spread(r.results, func(r result) float64 { return r.First }),
			spread(r.results, func(r result) float64 { return r.Second }),
			seconds(r.results, func(r result) float64 { return r.CPU }), seconds(r.results, func(r result) float64 { return r.Wall }),
			fmt.Sprint(len(r.results)), d.behind(list[0], r)})
	}
	if list[0].model != "descent" {
		for i := range table {
			table[i] = table[i][:len(head)-1]
		}
	}
	layout(w, table, markdown)
}

// behind names the seeds in which another model has the better first measure.
func (d set) behind(ours, other row) string {
	if ours.model != "descent" || other.model == "descent" {
		return ""
	}
	var lost []string
	shared := 0
	for _, o := range ours.results {
		for _, r := range other.results {
			if r.Seed != o.Seed {
				continue
			}
			shared++
			if r.First != o.First && (r.First < o.First) == d.regression {
				lost = append(lost, fmt.Sprint(o.Seed))
			}
		}
	}
	switch {
	case shared == 0:
		return "not compared"
	case len(lost) == 0:
		return "none"
	case len(lost) == shared:
		return "all"
	}
	slices.Sort(lost)
	return strings.Join(lost, ", ")
}

// layout writes a table with aligned columns.
func layout(w io.Writer, table [][]string, markdown bool) {
	width := make([]int, len(table[0]))
	for _, line := range table {
		for i, cell := range line {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	left, between, right := "", "  ", ""
	if markdown {
		left, between, right = "| ", " | ", " |"
	}
	for n, line := range table {
		cells := slices.Clone(line)
		for i := range cells {
			cells[i] += strings.Repeat(" ", width[i]-len([]rune(cells[i])))
		}
		fmt.Fprintln(w, strings.TrimRight(left+strings.Join(cells, between)+right, " "))
		if n == 0 && markdown {
			fmt.Fprintln(w, strings.Repeat("|---", len(cells))+"|")
		}
	}
	fmt.Fprintln(w)
}

func spread(list []result, value func(result) float64) string {
	mean, deviation := moments(list, value)
	digits := 4
	if mean >= 10 {
		digits = 2
	}
	return fmt.Sprintf("%.*f ± %.*f", digits, mean, digits, deviation)
}

func seconds(list []result, value func(result) float64) string {
	mean, _ := moments(list, value)
	return fmt.Sprintf("%.1f", mean)
}

// moments returns mean and standard deviation (n - 1).
func moments(list []result, value func(result) float64) (mean, deviation float64) {
	for _, r := range list {
		mean += value(r) / float64(len(list))
	}
	for _, r := range list {
		miss := value(r) - mean
		deviation += miss * miss / float64(max(1, len(list)-1))
	}
	return mean, math.Sqrt(deviation)
}
