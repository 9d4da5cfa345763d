package config

import (
	"maps"
	"slices"
)

// Data says what is trained on.
type Data struct {
	Train, Val, Test string // files, folders of IDX files, or embedded:NAME
	Target           string // column by name or number
	Task             string // auto, classification, regression
	Format           string // auto, csv, tsv, idx, npy
	Header           string // auto, yes, no
	Names            []string
	Columns          map[string]string // kinds by name
	Skip             []string
	Missing          []string
	Weight           string
	Last             string // keep or drop the short batch at an epoch's end
	Split            struct{ Val, Test float64 }
	Shuffle          bool
	Standardize      bool
	Categories       string // onehot or embedding

	idx *idxFolder // the folder of images that was read last
}

func (d *Data) keys() fields {
	return fields{
		{key: "train", codec: text{&d.Train}, required: true},
		{key: "val", codec: text{&d.Val}},
		{key: "test", codec: text{&d.Test}},
		{key: "target", codec: label{&d.Target}},
		{key: "task", codec: word{&d.Task, []string{"auto", "classification", "regression"}}},
		{key: "format", codec: word{&d.Format, []string{"auto", "csv", "tsv", "idx", "npy"}}},
		{key: "header", codec: word{&d.Header, []string{"auto", "yes", "no"}}},
		{key: "names", codec: labels{&d.Names}},
		{key: "columns", codec: columns{&d.Columns}},
		{key: "skip", codec: labels{&d.Skip}},
		{key: "missing", codec: labels{&d.Missing}},
		{key: "weight", codec: label{&d.Weight}},
		{key: "split", codec: fields{
			{key: "val", codec: share{&d.Split.Val}},
			{key: "test", codec: share{&d.Split.Test}},
		}},
		{key: "shuffle", codec: flag{&d.Shuffle}},
		{key: "last", codec: word{&d.Last, []string{"keep", "drop"}}},
		{key: "standardize", codec: flag{&d.Standardize}},
		{key: "categories", codec: word{&d.Categories, []string{"onehot", "embedding"}}},
	}
}

// columns maps names of columns to kinds.
type columns struct{ p *map[string]string }

func (c columns) read(fs *Faults, v *value) {
	if v.kind != mapping {
		fs.add(v.at, "got %v (want a mapping of columns to numeric or categorical)", v)
		return
	}
	*c.p = map[string]string{}
	for _, e := range v.entries {
		var kind string
		word{&kind, []string{"numeric", "categorical"}}.read(fs, e.value)
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
