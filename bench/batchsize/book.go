package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// book is what has been measured, in files to which each trial is added as it ends.
// A trial that is in them is not repeated.
type book struct {
	folder string
	trials map[key]trial
	order  []key
	clocks map[string]clock // by task
	advice map[string]advice
	file   *os.File
}

var heading = []string{"task", "method", "size", "rate", "seed", "reached", "best", "updates", "examples", "counts"}

func openBook(folder string) (*book, error) {
	b := &book{folder: folder, trials: map[key]trial{}, clocks: map[string]clock{}, advice: map[string]advice{}}
	err := errors.Join(b.read("trials.csv", func(row []string) error {
		t, err := parseTrial(row)
		b.remember(t)
		return err
	}), b.read("clock.csv", b.readTime), b.read("advice.csv", b.readAdvice))
	if err != nil {
		return nil, err
	}
	b.file, err = os.OpenFile(filepath.Join(folder, "trials.csv"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	if at, err := b.file.Seek(0, io.SeekEnd); err != nil || at > 0 {
		return b, err
	}
	return b, b.write(heading)
}

// read calls a function for each row below the heading of a file, which need not exist.
func (b *book) read(name string, row func([]string) error) error {
	path := filepath.Join(b.folder, name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(b.folder, 0o755)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i, r := range rows[min(1, len(rows)):] {
		if err := row(r); err != nil {
			return fmt.Errorf("%s: line %d: %w", path, i+2, err)
		}
	}
	return nil
}

// writeTable writes a file anew.
func writeTable(path string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(f).WriteAll(rows), f.Close())
}

func (b *book) close() { b.file.Close() }

func (b *book) remember(t trial) {
	if _, known := b.trials[t.key]; !known {
		b.order = append(b.order, t.key)
	}
	b.trials[t.key] = t
}

func (b *book) write(row []string) error {
	w := csv.NewWriter(b.file)
	if err := w.Write(row); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// add keeps a trial that has been run.
func (b *book) add(t trial) error {
	b.remember(t)
	return b.write([]string{t.task, t.method, strconv.Itoa(t.size), fmt.Sprintf("%.6g", t.rate), strconv.Itoa(t.seed),
		strconv.FormatBool(t.reached), fmt.Sprintf("%.6g", t.best), strconv.Itoa(t.counts.updates()), strconv.Itoa(t.counts.examples()), t.counts.String()})
}

func parseTrial(row []string) (t trial, err error) {
	if len(row) != len(heading) {
		return t, fmt.Errorf("%d columns (want %d)", len(row), len(heading))
	}
	number := func(text string) int {
		n, e := strconv.Atoi(text)
		err = errors.Join(err, e)
		return n
	}
	real := func(text string) float64 {
		v, e := strconv.ParseFloat(text, 64)
		err = errors.Join(err, e)
		return v
	}
	t.key = key{task: row[0], method: row[1], size: number(row[2]), rate: real(row[3]), seed: number(row[4])}
	t.reached, t.best = row[5] == "true", real(row[6])
	var e error
	t.counts, e = parseCounts(row[9])
	return t, errors.Join(err, e)
}
