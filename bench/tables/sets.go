package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// set is a data set: how to read it, what to predict, and in which unit.
type set struct {
	name       string
	title      string
	read       func(dir string) (sheet, error)
	test       func(dir string) (sheet, error) // an own test file; nil splits 64/16/20
	target     string
	regression bool
	unit       float64 // errors are divided by this, 0 for 1
	categories string  // columns of codes that the peers are told to treat as categories
}

// sheet is a table of cells as they stand in the file.
type sheet struct {
	header []string
	rows   [][]string
}

const codes = "season,mnth,hr,weekday,weathersit"

var sets = []set{
	{name: "adult", title: "Adult, own test file", read: adult("adult.data.gz"), test: adult("adult.test.gz"), target: "income"},
	{name: "california", title: "California housing, in $100,000", read: california, target: "medianHouseValue", regression: true, unit: 1e5},
	{name: "wine-red", title: "Wine quality, red, classes", read: wine("red", "q"), target: "quality"},
	{name: "wine-white", title: "Wine quality, white, classes", read: wine("white", "q"), target: "quality"},
	{name: "wine-red-score", title: "Wine quality, red, score", read: wine("red", ""), target: "quality", regression: true},
	{name: "wine-white-score", title: "Wine quality, white, score", read: wine("white", ""), target: "quality", regression: true},
	{name: "bike", title: "Bike sharing, hourly count", read: bike, target: "cnt", regression: true, categories: codes},
	{name: "cancer", title: "Breast cancer", read: toy("breast_cancer.csv", true, "c"), target: "class"},
	{name: "digits", title: "Digits 8x8", read: toy("digits.csv.gz", false, "d"), target: "class"},
}

func names() string {
	var list []string
	for _, d := range sets {
		list = append(list, d.name)
	}
	return strings.Join(list, ",")
}

// choose returns the named sets, all for an empty list.
func choose(list string) ([]set, error) {
	if list == "" {
		return sets, nil
	}
	var chosen []set
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(sets, func(d set) bool { return d.name == name })
		if i < 0 {
			return nil, fmt.Errorf("data set %q (want %s)", name, names())
		}
		chosen = append(chosen, sets[i])
	}
	return chosen, nil
}

// adult reads the census file: no header, a space after each comma, and in the
// test file a first line to skip and a dot after each label. Unknown cells
// stay "?", a category like the others.
func adult(file string) func(string) (sheet, error) {
	header := strings.Split("age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,capital-loss,hours-per-week,native-country,income", ",")
	return func(dir string) (sheet, error) {
		s, err := readCSV(filepath.Join(dir, "adult", file), ',', header)
		s.rows = slices.DeleteFunc(s.rows, func(r []string) bool { return strings.HasPrefix(r[0], "|") })
		for _, r := range s.rows {
			r[len(r)-1] = strings.TrimSuffix(r[len(r)-1], ".")
		}
		return s, err
	}
}

func california(dir string) (sheet, error) {
	header := strings.Split("longitude,latitude,housingMedianAge,totalRooms,totalBedrooms,population,households,medianIncome,medianHouseValue", ",")
	return readCSV(filepath.Join(dir, "california-housing", "cal_housing.data.gz"), ',', header)
}

// wine reads one color. A prefix makes the grade a class by name.
func wine(color, prefix string) func(string) (sheet, error) {
	return func(dir string) (sheet, error) {
		s, err := readCSV(filepath.Join(dir, "wine-quality", "winequality-"+color+".csv"), ';', nil)
		return s.label(prefix), err
	}
}

// bike leaves out the row number and the two columns whose sum is the target.
func bike(dir string) (sheet, error) {
	s, err := readCSV(filepath.Join(dir, "bike-sharing", "hour.csv.gz"), ',', nil)
	return s.without("instant", "casual", "registered"), err
}

// toy reads a set of scikit-learn's, whose last column is the class; a first
// line of counts is dropped.
func toy(file string, counts bool, prefix string) func(string) (sheet, error) {
	return func(dir string) (sheet, error) {
		s, err := readCSV(filepath.Join(dir, "sklearn-toy", file), ',', []string{})
		if err != nil {
			return s, err
		}
		if counts {
			s.rows = s.rows[1:]
		}
		for i := range len(s.rows[0]) - 1 {
			s.header = append(s.header, fmt.Sprint("x", i+1))
		}
		s.header = append(s.header, "class")
		return s.label(prefix), nil
	}
}

// readCSV reads a file, gzipped or not; its first line is the header if none is given.
func readCSV(path string, comma rune, header []string) (sheet, error) {
	f, err := os.Open(path)
	if err != nil {
		return sheet{}, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return sheet{}, err
		}
	}
	r := csv.NewReader(in)
	r.Comma, r.TrimLeadingSpace, r.FieldsPerRecord = comma, true, -1
	rows, err := r.ReadAll()
	if err != nil {
		return sheet{}, err
	}
	if header == nil {
		header, rows = rows[0], rows[1:]
	}
	return sheet{header, rows}, nil
}

// label puts a prefix before the last column, which makes it a name.
func (s sheet) label(prefix string) sheet {
	for _, r := range s.rows {
		r[len(r)-1] = prefix + r[len(r)-1]
	}
	return s
}

// without returns the sheet without some columns.
func (s sheet) without(names ...string) sheet {
	keep := func(r []string) (kept []string) {
		for i, cell := range r {
			if !slices.Contains(names, s.header[i]) {
				kept = append(kept, cell)
			}
		}
		return kept
	}
	out := sheet{header: keep(s.header)}
	for _, r := range s.rows {
		out.rows = append(out.rows, keep(r))
	}
	return out
}

// task is one split of a set on disk.
type task struct {
	set
	seed              int
	dir               string
	train, val, tests string
	truth             []string // targets of the test rows
}

// split writes train.csv, val.csv and test.csv to dir: 64, 16 and 20 % of the
// rows at random, or 80 and 20 % beside an own test file. Classes keep their
// shares.
func (d set) split(data, dir string, seed int) (task, error) {
	t := task{set: d, seed: seed, dir: dir}
	all, err := d.read(data)
	if err != nil {
		return t, err
	}
	cuts := []float64{0.64, 0.80, 1}
	var own sheet
	if d.test != nil {
		cuts = []float64{0.8, 1}
		if own, err = d.test(data); err != nil {
			return t, err
		}
	}
	parts := d.deal(all, cuts, rand.New(rand.NewPCG(uint64(seed), 1)))
	if d.test != nil {
		parts = append(parts, own.rows)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return t, err
	}
	column := slices.Index(all.header, d.target)
	for _, r := range parts[2] {
		t.truth = append(t.truth, r[column])
	}
	for i, path := range []*string{&t.train, &t.val, &t.tests} {
		*path = filepath.Join(dir, []string{"train", "val", "test"}[i]+".csv")
		if err := writeCSV(*path, all.header, parts[i]); err != nil {
			return t, err
		}
	}
	return t, nil
}

// deal shuffles the rows and cuts each class, or all rows of a regression, at
// the given shares.
func (d set) deal(all sheet, cuts []float64, random *rand.Rand) [][][]string {
	shuffle := func(rows [][]string) {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	shuffle(all.rows)
	column := slices.Index(all.header, d.target)
	groups, order := map[string][][]string{}, []string{}
	for _, r := range all.rows {
		class := r[column]
		if d.regression {
			class = ""
		}
		if groups[class] == nil {
			order = append(order, class)
		}
		groups[class] = append(groups[class], r)
	}
	parts := make([][][]string, len(cuts))
	for _, class := range order {
		rows, start := groups[class], 0
		for i, cut := range cuts {
			end := int(math.Round(cut * float64(len(rows))))
			parts[i] = append(parts[i], rows[start:end]...)
			start = end
		}
	}
	for _, p := range parts {
		shuffle(p)
	}
	return parts
}

func writeCSV(path string, header []string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	w.Write(header)
	w.WriteAll(rows)
	if err := w.Error(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
