package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/digits"
	"github.com/descent-ml/descent/tensor"
)

// Embedded is the prefix of data that are in the program: embedded:digits.
const Embedded = "embedded:"

// Sets are the data of a configuration. Val and Test are nil if there are none.
type Sets struct {
	Train, Val, Test dataset.Dataset
	Schema           *dataset.Schema
}

// String tells in a line what the data were taken for.
func (s *Sets) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data: train %d", s.Train.Len())
	if s.Val != nil {
		fmt.Fprintf(&b, ", val %d", s.Val.Len())
	}
	if s.Test != nil {
		fmt.Fprintf(&b, ", test %d", s.Test.Len())
	}
	fmt.Fprintf(&b, " examples of %v; %s", s.Train.Fields(), s.Schema.Target.Task)
	switch t := &s.Schema.Target; {
	case t.Task == dataset.TaskClassification && s.Schema.Columns != nil:
		fmt.Fprintf(&b, " of %q, %d classes", t.Name, len(t.Classes))
	case t.Task == dataset.TaskClassification:
		fmt.Fprintf(&b, ", %d classes", len(t.Classes))
	case s.Schema.Columns != nil:
		fmt.Fprintf(&b, " of %q", t.Name)
	}
	return b.String()
}

// raw is data as they were read, before they are encoded.
type raw struct {
	table  *dataset.Table // or
	memory *dataset.Memory
	schema *dataset.Schema // of memory
}

func (r *raw) len() int {
	if r.table != nil {
		return r.table.Len()
	}
	return r.memory.Len()
}

func (r *raw) encode(s *dataset.Schema) (dataset.Dataset, error) {
	if r.table == nil {
		return r.memory, nil
	}
	return s.Encode(r.table)
}

// Load reads the data, splits them, and settles what is auto by what it finds:
// the target, the task, the loss, the width of the last layer. With a schema,
// that of a trained model, nothing is fitted to the data.
func (c *Config) Load(schema *dataset.Schema) (*Sets, error) {
	d := &c.Data
	if err := d.settleFormat(); err != nil {
		return nil, err
	}
	whole, err := d.read(d.Train, "train", c.fitTask())
	if err != nil {
		return nil, err
	}
	parts, err := dataset.Split(whole.len(), c.Seed, dataset.Part{Name: "test", Fraction: d.Split.Test}, dataset.Part{Name: "val", Fraction: d.Split.Val})
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, d.Train)
	}
	if schema == nil {
		if schema, err = d.fit(whole, parts[dataset.TrainPart], c.fitTask()); err != nil {
			return nil, err
		}
	}
	s := &Sets{Schema: schema}
	if err := c.settle(s, whole); err != nil {
		return nil, err
	}
	if n := len(parts[dataset.TrainPart]); !c.batchGiven && c.Batch > n {
		c.Batch = n
	}
	return s, c.fill(s, whole, parts)
}

// fill makes the datasets of the parts and of the other files.
func (c *Config) fill(s *Sets, whole *raw, parts map[string][]int) error {
	d := &c.Data
	all, err := c.encode(whole, s.Schema, true)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		name, path string
		share      float64
		set        *dataset.Dataset
	}{{"train", "", 1, &s.Train}, {"val", d.Val, d.Split.Val, &s.Val}, {"test", d.Test, d.Split.Test, &s.Test}} {
		switch {
		case p.path != "":
			*p.set, err = c.Encode(p.path, p.name, s.Schema, true)
		case len(parts[p.name]) == all.Len():
			*p.set = all
		case p.share > 0:
			*p.set, err = dataset.Subset(all, parts[p.name])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Encode reads other data for a trained model. part is "test" or "val" for
// what the folder or the file is used as; it matters for folders of images.
// With strict, data without the target are refused.
func (c *Config) Encode(path, part string, s *dataset.Schema, strict bool) (dataset.Dataset, error) {
	apply := c.Data // what the columns are is in the schema
	apply.Target, apply.Weight, apply.Columns, apply.Skip = "", "", nil, nil
	r, err := apply.read(path, part, c.fitTask())
	if err != nil {
		return nil, err
	}
	return c.encode(r, s, strict)
}

func (c *Config) encode(r *raw, s *dataset.Schema, strict bool) (dataset.Dataset, error) {
	ds, err := r.encode(s)
	if err != nil {
		return nil, err
	}
	y := dataset.FieldIndex(ds.Fields(), dataset.FieldY)
	if y < 0 {
		if strict {
			return nil, fmt.Errorf("config: the data have no column %q, the target", s.Target.Name)
		}
		return ds, nil
	}
	if c.Loss.Kind == "bce" && ds.Fields()[y].DType == tensor.I32 {
		return asValues(ds, y)
	}
	return ds, nil
}

// asValues returns the dataset with its classes 0 and 1 as values (1).
func asValues(ds dataset.Dataset, y int) (dataset.Dataset, error) {
	fields := ds.Fields()
	all, rows := dataset.NewBuffers(fields, ds.Len()), make([]int, ds.Len())
	for i := range rows {
		rows[i] = i
	}
	if err := ds.Gather(all, 0, rows); err != nil {
		return nil, err
	}
	columns := make([]dataset.Column, len(fields))
	for i, f := range fields {
		columns[i] = dataset.Column{Name: f.Name, Data: all[i]}
		if i == y {
			classes, err := all[i].Reshape(len(rows), 1)
			if err != nil {
				return nil, err
			}
			columns[i] = dataset.Column{Name: f.Name, Data: classes, DType: tensor.F32}
		}
	}
	return dataset.New(columns...)
}

// fitTask is the task that the configuration asks for, "" to find out.
func (c *Config) fitTask() string {
	if c.Data.Task != "auto" {
		return c.Data.Task
	}
	return c.Loss.task()
}

// settle replaces what is auto.
func (c *Config) settle(s *Sets, whole *raw) error {
	t := &s.Schema.Target
	c.Data.Task = t.Task
	if whole.table != nil {
		c.Data.Target = t.Name
	}
	if c.Loss.Kind == "auto" {
		c.Loss = newLoss(map[string]string{dataset.TaskClassification: "cross_entropy", dataset.TaskRegression: "mse"}[t.Task])
	}
	if want := c.Loss.task(); want != t.Task {
		return fmt.Errorf("config: loss %s is for %s, but the target %s is for %s", c.Loss.Kind, want, t.Name, t.Task)
	}
	outputs := 1
	switch {
	case c.Loss.Kind == "bce":
		if len(t.Classes) != 2 {
			return fmt.Errorf("config: loss bce wants 2 classes, the target %s has %d (use cross_entropy)", t.Name, len(t.Classes))
		}
	case t.Task == dataset.TaskClassification:
		outputs = len(t.Classes)
	case whole.memory != nil:
		f, err := dataset.FindField(whole.memory, dataset.FieldY)
		if err != nil {
			return err
		}
		outputs = f.Shape.Size()
	}
	settle(c.Model, outputs)
	return nil
}

// settleFormat finds out what the training data are.
func (d *Data) settleFormat() error {
	if strings.HasPrefix(d.Train, Embedded) {
		return d.onlyTables("embedded data have")
	}
	info, err := os.Stat(d.Train)
	if err != nil {
		return missing(d.Train, err)
	}
	if d.Format == "auto" {
		d.Format = "csv"
		switch name := strings.TrimSuffix(strings.ToLower(d.Train), ".gz"); {
		case info.IsDir() && exists(filepath.Join(d.Train, npyFeatures)):
			d.Format = "npy"
		case info.IsDir():
			d.Format = "idx"
		case strings.HasSuffix(name, ".tsv") || strings.HasSuffix(name, ".tab"):
			d.Format = "tsv"
		}
	}
	if folder := d.Format == "idx" || d.Format == "npy"; folder != info.IsDir() {
		return fmt.Errorf("config: data %s: format %s wants a %s", d.Train, d.Format, map[bool]string{true: "folder", false: "file"}[folder])
	}
	if d.Format == "idx" || d.Format == "npy" {
		if d.Format == "idx" && d.Test == "" && d.Split.Test == 0 {
			d.Test = d.Train
		}
		return d.onlyTables("format " + d.Format + " has")
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// missing says where a file was looked for.
func missing(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("config: data: %w", err)
	}
	if where, e := os.Getwd(); e == nil && !filepath.IsAbs(path) {
		return fmt.Errorf("config: data: %w (looked in %s: give the path from there, or a whole one)", err, where)
	}
	return fmt.Errorf("config: data: %w: correct the path", err)
}

// onlyTables refuses keys that are about columns where there are none.
func (d *Data) onlyTables(who string) error {
	for _, k := range []struct {
		key string
		set bool
	}{
		{"target", d.Target != ""}, {"header", d.Header != "auto"}, {"names", d.Names != nil}, {"columns", len(d.Columns) > 0},
		{"skip", d.Skip != nil}, {"missing", d.Missing != nil}, {"weight", d.Weight != ""}, {"categories", d.Categories != "onehot"},
	} {
		if k.set {
			return fmt.Errorf("config: data.%s is about the columns of a table, and %s none: remove it", k.key, who)
		}
	}
	return nil
}

// The files of a folder of NumPy arrays.
const (
	npyFeatures = "x.npy"
	npyTarget   = "y.npy"
)

// read reads data of the settled format.
func (d *Data) read(path, part, task string) (*raw, error) {
	if name, ok := strings.CutPrefix(path, Embedded); ok {
		if name != "digits" {
			return nil, fmt.Errorf("config: data %s: the program holds no such data (want %sdigits)", path, Embedded)
		}
		m, s, err := digits.Load()
		return &raw{memory: m, schema: s}, err
	}
	if !exists(path) {
		_, err := os.Stat(path)
		return nil, missing(path, err)
	}
	switch d.Format {
	case "idx":
		train, test, s, err := dataset.LoadIDXDir(path, dataset.ImageOptions{})
		if part != "train" {
			train = test
		}
		return &raw{memory: train, schema: s}, err
	case "npy":
		return readNPY(path, task)
	}
	t, err := dataset.ReadTable(path, d.table())
	return &raw{table: t}, err
}

// table returns the options for reading a table.
func (d *Data) table() dataset.TableOptions {
	o := dataset.TableOptions{
		Names: d.Names, Columns: d.Columns, Skip: d.Skip, Missing: d.Missing, Target: d.Target, Weight: d.Weight,
	}
	if d.Header != "auto" {
		o.Header = d.Header
	}
	if d.Format == "tsv" {
		o.Format = dataset.FormatTSV
	}
	return o
}

// fit learns how examples are encoded from the training rows.
func (d *Data) fit(r *raw, rows []int, task string) (*dataset.Schema, error) {
	if r.table == nil {
		return r.schema, nil
	}
	if r.table.Target() == "" {
		return nil, fmt.Errorf("config: data %s: no column is called target, label, class or y: name the one to predict by data.target or --target (%s)", d.Train, list(r.table.Names()))
	}
	return r.table.Fit(rows, dataset.FitOptions{Categories: d.Categories, Task: task, NoStandardize: !d.Standardize})
}

// readNPY reads a folder with x.npy and y.npy.
func readNPY(dir, task string) (*raw, error) {
	m, err := dataset.LoadNPY(filepath.Join(dir, npyFeatures), filepath.Join(dir, npyTarget))
	if err != nil {
		return nil, err
	}
	s := &dataset.Schema{Version: dataset.SchemaVersion, Rows: m.Len(), Target: dataset.TargetSchema{Name: npyTarget, Task: task, Std: 1}}
	y, err := dataset.FindField(m, dataset.FieldY)
	if err != nil {
		return nil, err
	}
	if y.DType == tensor.F32 {
		s.Target.Task = dataset.TaskRegression
		return &raw{memory: m, schema: s}, nil
	}
	s.Target.Task = dataset.TaskClassification
	s.Target.Classes, err = classNames(m)
	return &raw{memory: m, schema: s}, err
}

// classNames numbers the classes from 0 to the largest label.
func classNames(m *dataset.Memory) ([]string, error) {
	buf, most := dataset.NewBuffers(m.Fields(), 1), int32(1)
	y := dataset.FieldIndex(m.Fields(), dataset.FieldY)
	if len(m.Fields()[y].Shape) != 0 {
		return nil, fmt.Errorf("config: %s: classes are %v for each example (want one)", npyTarget, m.Fields()[y].Shape)
	}
	for i := range m.Len() {
		if err := m.Gather(buf, 0, []int{i}); err != nil {
			return nil, err
		}
		v := buf[y].I32()[0]
		if v < 0 || v >= 1<<16 {
			return nil, fmt.Errorf("config: %s: example %d: class %d (want 0 to 65535)", npyTarget, i, v)
		}
		most = max(most, v)
	}
	names := make([]string, most+1)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names, nil
}
