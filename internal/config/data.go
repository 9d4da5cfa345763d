package config

import (
	"maps"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
)

// Data says what is trained on.
type Data struct {
	Train, Val, Test string   // files, folders of IDX files, or embedded:NAME
	Target           string   // column by name or number
	Targets          []string // several, instead
	Task             string   // auto, classification, regression
	Format           string   // auto, csv, tsv, jsonl, parquet, libsvm, idx, npy, images, cifar
	Header           string   // auto, yes, no
	Names            []string
	Columns          map[string]string // kinds by name
	Skip             []string
	Missing          []string
	Weight           string
	Last             string // keep or drop the short batch at an epoch's end
	Split            Split
	Shuffle          bool
	Standardize      bool
	Categories       string         // onehot or embedding
	Encoding         string         // of text: utf-8, latin1
	Decimal          string         // point or comma
	Ragged           string         // error, pad, skip
	Infer            string         // basic or full
	Scaling          string         // standard or robust
	Bins             int            // of each number, 0: none
	Hash             map[string]int // rows for hashed categories, by column; "": of the others
	Rare             int            // rows below which a category is like an unseen one
	Transform        string         // of the target: none, log, auto
	Schema           string         // a model file whose schema encodes the data
	Text             string         // the column that is read as tokens, by name or number
	Quotes           string         // of separated text: csv, none, backslash
	Tokenizer        Tokenizer
	Window           int    // tokens of an example of text, 0: auto
	Cut              string // of a text into windows
	Pairs            Pairs
	Image            Image
	Augment          Augment

	idx *idxFolder // the folder of images that was read last
}

func (d *Data) keys() fields {
	return append(append(d.tableKeys(), d.Pairs.keys()...), d.imageKeys()...)
}

func (d *Data) tableKeys() fields {
	return fields{
		{key: "train", codec: text{&d.Train}, required: true},
		{key: "val", codec: text{&d.Val}},
		{key: "test", codec: text{&d.Test}},
		{key: "target", codec: targets{&d.Target, &d.Targets}},
		{key: "task", codec: word{&d.Task, []string{"auto", "classification", "regression", "multilabel", dataset.TaskLanguage, dataset.TaskRanking}}},
		{key: "format", codec: word{&d.Format, []string{"auto", "csv", "tsv", "jsonl", "parquet", "libsvm", "idx", "npy", formatImages, formatCIFAR, dataset.FormatLabeled, formatText, formatTokens, interactions.FormatColons, interactions.FormatLists}}},
		{key: "header", codec: word{&d.Header, []string{"auto", "yes", "no"}}},
		{key: "names", codec: labels{&d.Names}},
		{key: "columns", codec: columns{&d.Columns}},
		{key: "skip", codec: labels{&d.Skip}},
		{key: "missing", codec: labels{&d.Missing}},
		{key: "weight", codec: label{&d.Weight}},
		{key: "split", codec: fields{
			{key: "val", codec: share{&d.Split.Val}},
			{key: "test", codec: share{&d.Split.Test}},
			{key: "by", codec: word{&d.Split.By, []string{"random", "stratified", "group", "time", "auto", splitTail, splitLeaveOneOut}}},
			{key: "column", codec: label{&d.Split.Column}},
			{key: "folds", codec: count{p: &d.Split.Folds, low: 2, auto: "none"}},
			{key: "fold", codec: count{p: &d.Split.Fold}},
		}},
		{key: "shuffle", codec: flag{&d.Shuffle}},
		{key: "last", codec: word{&d.Last, []string{"keep", "drop"}}},
		{key: "standardize", codec: flag{&d.Standardize}},
		{key: "categories", codec: word{&d.Categories, []string{"onehot", "embedding"}}},
		{key: "encoding", codec: word{&d.Encoding, []string{"utf-8", "latin1"}}},
		{key: "decimal", codec: word{&d.Decimal, []string{"point", "comma"}}},
		{key: "ragged", codec: word{&d.Ragged, []string{"error", "pad", "skip"}}},
		{key: "infer", codec: word{&d.Infer, []string{"basic", "full"}}},
		{key: "scaling", codec: word{&d.Scaling, []string{"standard", "robust"}}},
		{key: "bins", codec: count{p: &d.Bins, low: 2, high: 256, auto: "none"}},
		{key: "rare", codec: count{p: &d.Rare, low: 1}},
		{key: "hash", codec: hash{&d.Hash}},
		{key: "schema", codec: text{&d.Schema}},
		{key: "text", codec: label{&d.Text}},
		{key: "quotes", codec: word{&d.Quotes, []string{dataset.QuotesCSV, dataset.QuotesNone, dataset.QuotesBackslash}}},
		{key: "tokenizer", codec: d.Tokenizer.codec()},
		{key: "window", codec: count{p: &d.Window, low: 1, high: 1 << 20, auto: "auto"}},
		{key: "cut", codec: word{&d.Cut, []string{dataset.CutPhases, dataset.CutRandom, dataset.CutFixed}}},
		{key: "target_transform", codec: word{&d.Transform, []string{"none", "log", "auto"}}},
	}
}

// Split says how examples are divided.
type Split struct {
	Val, Test float64
	By        string // random, stratified, group, time, tail
	Column    string // of groups or times
	Folds     int    // instead of Test: as many parts, of which Fold is the test data
	Fold      int
}

// laterData are keys of data and data.split that came when runs had been stored
// without them.
var laterData = []string{"encoding", "decimal", "ragged", "infer", "scaling", "bins", "rare", "hash", "target_transform", "by", "column", "folds", "fold", "schema", "text", "quotes", "tokenizer", "window", "cut"}

// targets is a column, or a list of them.
type targets struct {
	one  *string
	more *[]string
}

func (t targets) read(fs *Faults, v *value) {
	*t.one, *t.more = "", nil
	if v.kind == sequence {
		labels{t.more}.read(fs, v)
		if len(*t.more) == 0 {
			fs.add(v.at, "got an empty list (want a column, or several)")
		}
		return
	}
	label{t.one}.read(fs, v)
}

func (t targets) write() *value {
	if len(*t.more) > 0 {
		return labels{t.more}.write()
	}
	return label{t.one}.write()
}

// columns maps names of columns to kinds.
type columns struct{ p *map[string]string }

func (c columns) read(fs *Faults, v *value) {
	if v.kind != mapping {
		fs.add(v.at, "got %v (want a mapping of columns to numeric, categorical, boolean, date, text or skip)", v)
		return
	}
	*c.p = map[string]string{}
	for _, e := range v.entries {
		var kind string
		word{&kind, []string{"numeric", "categorical", "boolean", "date", "text", "skip"}}.read(fs, e.value)
		(*c.p)[e.key] = kind
	}
}

func (c columns) write() *value {
	if len(*c.p) == 0 {
		return nil
	}
	v := &value{kind: mapping}
	for _, k := range slices.Sorted(maps.Keys(*c.p)) {
		v.entries = append(v.entries, entry{key: k, value: &value{text: (*c.p)[k]}})
	}
	return v
}

// hash is a number of rows, or one for each of some columns, or none.
type hash struct{ p *map[string]int }

func (h hash) read(fs *Faults, v *value) {
	rows := func(v *value) (n int) {
		count{p: &n, low: 1, high: 1 << 30}.read(fs, v)
		return n
	}
	*h.p = nil
	if v.kind == scalar && v.text == "none" {
		return
	}
	switch *h.p = map[string]int{}; v.kind {
	case mapping:
		for _, e := range v.entries {
			(*h.p)[e.key] = rows(e.value)
		}
	default:
		(*h.p)[""] = rows(v)
	}
}

func (h hash) write() *value {
	if len(*h.p) == 0 {
		return &value{text: "none"}
	}
	if n, ok := (*h.p)[""]; ok {
		return &value{text: strconv.Itoa(n)}
	}
	v := &value{kind: mapping}
	for _, k := range slices.Sorted(maps.Keys(*h.p)) {
		v.entries = append(v.entries, entry{key: k, value: &value{text: strconv.Itoa((*h.p)[k])}})
	}
	return v
}
