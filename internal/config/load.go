package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// Sets are the data of a configuration. Val and Test are nil if there are none.
type Sets struct {
	Train, Val, Test dataset.Dataset
	Schema           *dataset.Schema
	Interactions     *Interactions // of a recommender, else nil
	Notes            []string      // what was decided, and why, and what of the data is left out
}

// String tells in a line what the data were taken for.
func (s *Sets) String() string {
	if s.Interactions != nil {
		return s.describePairs()
	}
	if s.OfImages() {
		return s.describeImages()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "data: train %d", s.Train.Len())
	if s.Val != nil {
		fmt.Fprintf(&b, ", val %d", s.Val.Len())
	}
	if s.Test != nil {
		fmt.Fprintf(&b, ", test %d", s.Test.Len())
	}
	if text := s.Schema.Text; s.Schema.Target.Task == dataset.TaskLanguage {
		fmt.Fprintf(&b, " windows of %d tokens; language model of %d different tokens", text.Length, text.Vocab)
		return b.String()
	}
	fmt.Fprintf(&b, " examples of %v; %s", s.Train.Fields(), s.Schema.Target.Task)
	named := s.Schema.Columns != nil || s.Schema.Text != nil
	switch t := &s.Schema.Target; {
	case t.Task == dataset.TaskClassification && named:
		fmt.Fprintf(&b, " of %q, %d classes", t.Name, len(t.Classes))
	case t.Task == dataset.TaskClassification:
		fmt.Fprintf(&b, ", %d classes", len(t.Classes))
	case named:
		fmt.Fprintf(&b, " of %q", t.Name)
	}
	return b.String()
}

// AllNotes are the notes of the sets and those of the schema.
func (s *Sets) AllNotes() []string { return append(slices.Clone(s.Notes), s.Schema.Notes()...) }

// Load reads the data, splits them, and settles what is auto by what it finds:
// the target, the task, the loss, the width of the last layer. With a schema,
// that of a trained model, nothing is fitted to the data.
func (c *Config) Load(schema *dataset.Schema) (*Sets, error) {
	d := &c.Data
	if c.isPairs() {
		return c.loadPairs(schema)
	}
	if c.Loss.task() == dataset.TaskRanking {
		return nil, mistakef("config: loss %s compares items for a user, and the data are no interactions: name their columns by data.user and data.item (or use another loss)", c.Loss.Kind)
	}
	if err := d.settleFormat(); err != nil {
		return nil, err
	}
	if d.isText() {
		return c.loadText(schema)
	}
	if err := c.languageOnly(); err != nil {
		return nil, err
	}
	if c.wantsImages() {
		d.Format = formatImages
	}
	if d.isImages() {
		return c.loadImages(schema)
	}
	whole, err := d.readTrain()
	if err != nil {
		return nil, err
	}
	parts, err := c.split(whole)
	if err != nil {
		return nil, err
	}
	if schema == nil && d.Schema != "" {
		if schema, err = readSchema(d.Schema); err != nil {
			return nil, err
		}
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
	c.settleLength(len(parts[dataset.TrainPart]))
	if err := c.fill(s, whole, parts); err != nil {
		return nil, err
	}
	return s, c.balance(s)
}

// languageOnly refuses keys that mean nothing unless a language model is trained.
func (c *Config) languageOnly() error {
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"batch.tokens", c.BatchTok > 0}, {"data.split.by: " + splitLeaveOneOut, c.Data.Split.By == splitLeaveOneOut}, {"data.split.by: " + splitTail, c.Data.Split.By == splitTail},
		{"sequence_warmup", c.Warmup.From > 0}, {"sample.every", !c.Sample.Every.IsZero()},
	} {
		if k.given {
			return mistakef("config: %s is for a language model, and %s is not a text to train one on (a .txt, or a .bin of tokens)", k.key, c.Data.Train)
		}
	}
	return nil
}

// Without a budget there are at least leastUpdates, if it takes no more than
// mostEpochs.
const (
	leastUpdates = 2000
	mostEpochs   = 100
)

// PreferAccuracy makes accuracy the metric where the target has classes.
func (c *Config) PreferAccuracy() { c.accuracy = true }

// settleLength makes the default batch and budget fit few examples.
func (c *Config) settleLength(examples int) {
	switch {
	case c.sizedText:
		c.settleTextLength(examples)
	case c.sizedImages:
		c.settleImagesLength(examples)
	default:
		c.settlePlainLength(examples)
	}
	c.settleSize()
}

// settlePlainLength makes the batch and the budget of any other model.
func (c *Config) settlePlainLength(examples int) {
	least := leastUpdates
	if c.sized {
		least = 2 * leastUpdates
		if !c.batchGiven {
			c.Batch = autoBatch(examples)
		}
	}
	if !c.batchGiven {
		c.Batch = min(c.Batch, examples)
	}
	if !c.budgetGiven {
		epochs := 1 + (least-1)/c.updates(examples)
		c.Budget = batch.Epochs(max(c.Budget.N, float64(min(epochs, mostEpochs))))
	}
}

// fill makes the datasets of the parts and of the other files.
func (c *Config) fill(s *Sets, whole *raw, parts map[string][]int) error {
	d := &c.Data
	all, err := c.encode(whole, d.Train, s.Schema)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		name, path string
		share      float64
		set        *dataset.Dataset
	}{{"train", "", 1, &s.Train}, {"val", d.Val, d.Split.Val, &s.Val}, {"test", d.Test, d.Split.testShare(), &s.Test}} {
		switch {
		case p.path != "":
			*p.set, err = c.Encode(p.path, p.name, s.Schema)
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

// EncodePieces is Encode without a target, in pieces that f is called with: of
// a large table, no more than one is in memory.
func (c *Config) EncodePieces(path string, s *dataset.Schema, f func(dataset.Dataset) error) error {
	if s.Target.Task == dataset.TaskLanguage {
		return mistakef("config: a language model has nothing to predict of a table: let it write by descent generate")
	}
	if c.Data.isImages() {
		ds, err := c.encodeImages(path, "test", s)
		if err != nil {
			return err
		}
		return f(ds)
	}
	apply := c.applied(path)
	if apply.Format == "idx" || apply.Format == "npy" || strings.HasPrefix(path, Embedded) || !dataset.IsTablePath(path) {
		r, err := apply.read(path, "test", false)
		if err != nil {
			return err
		}
		ds, err := r.encode(s)
		if err != nil {
			return err
		}
		return f(ds)
	}
	inputs := *s // a target that is there need not be right
	inputs.Target.Task, inputs.Weight, inputs.More = "", "", nil
	e, err := dataset.NewEncoder(&inputs)
	if err != nil {
		return err
	}
	begun := false
	read := func() error {
		return dataset.ReadPieces(path, apply.table(), func(t *dataset.Table) error {
			ds, err := e.Encode(t)
			if err != nil {
				return err
			}
			begun = true
			return f(ds)
		})
	}
	err = read()
	if i := slices.Index(apply.Names, s.Target.Name); err != nil && !begun && i >= 0 {
		// A table without a header, and without the target that is named.
		apply.Names = slices.Delete(slices.Clone(apply.Names), i, i+1)
		if e := read(); e == nil || begun {
			err = e
		}
	}
	return err
}

// applied is what is said of the data, for a file that a trained model is
// applied to: what the columns are is in the schema.
func (c *Config) applied(path string) Data {
	apply := c.Data
	apply.Target, apply.Targets, apply.Weight, apply.Columns, apply.Skip = "", nil, "", nil, nil
	if apply.Format != "idx" && apply.Format != "npy" && strings.TrimPrefix(path, Embedded) == path {
		apply.Format = formatOf(path, apply.Format)
	}
	return apply
}

// formatOf is the format of a file, by its name, that a model of data in a known
// format is applied to: a CSV may be predicted for by a model of Parquet. Lines of
// a label and a text have no name of their own, and a table with tabs need not have
// one; both are told to be CSV.
func formatOf(path, known string) string {
	told := dataset.TableFormat(path)
	if told == dataset.FormatCSV && (known == dataset.FormatTSV || known == dataset.FormatLabeled) && !strings.Contains(strings.ToLower(filepath.Base(path)), ".csv") {
		return known
	}
	return told
}

// Encode reads other data for a trained model. part is "test" or "val" for
// what the folder or the file is used as; it matters for folders of images.
// Data without the target are refused: see EncodePieces.
func (c *Config) Encode(path, part string, s *dataset.Schema) (dataset.Dataset, error) {
	if s.Pairs != nil {
		return c.encodePairs(path, s)
	}
	if c.Data.isText() {
		return c.encodeText(path, s)
	}
	if c.Data.isImages() {
		return c.encodeImages(path, part, s)
	}
	apply := c.applied(path)
	r, err := apply.read(path, part, true)
	if err != nil {
		return nil, err
	}
	return c.encode(r, path, s)
}

func (c *Config) encode(r *raw, path string, s *dataset.Schema) (dataset.Dataset, error) {
	ds, err := r.encode(s)
	if err != nil {
		return nil, err
	}
	y := dataset.FieldIndex(ds.Fields(), dataset.FieldY)
	if y < 0 {
		return nil, fmt.Errorf("config: data %s: no column %q, the target", path, s.Target.Name)
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
	if c.Data.Targets != nil && c.Loss.Kind == "bce" {
		return dataset.TaskMultiLabel
	}
	return c.Loss.task()
}

// settle replaces what is auto.
func (c *Config) settle(s *Sets, whole *raw) error {
	t := &s.Schema.Target
	if c.Data.Task = t.Task; c.accuracy && t.Task == dataset.TaskClassification {
		c.Metric = "accuracy"
	}
	if whole.table != nil && c.Data.Targets == nil {
		c.Data.Target = t.Name
	}
	if c.Loss.Kind == "auto" {
		c.Loss = newLoss(map[string]string{dataset.TaskClassification: "cross_entropy", dataset.TaskRegression: "mse", dataset.TaskMultiLabel: "bce"}[t.Task])
	}
	if want := c.Loss.task(); want != t.Task && (c.Loss.Kind != "bce" || t.Task != dataset.TaskMultiLabel) {
		return mistakef("config: loss %s is for %s, but the target %s is for %s", c.Loss.Kind, want, t.Name, t.Task)
	}
	outputs := 1
	switch {
	case t.Task == dataset.TaskMultiLabel || len(s.Schema.More) > 0:
		outputs = 1 + len(s.Schema.More)
	case c.Loss.Kind == "bce":
		if len(t.Classes) != 2 {
			return mistakef("config: loss bce wants 2 classes, the target %s has %d (use cross_entropy)", t.Name, len(t.Classes))
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
	m := &modelContext{outputs: outputs}
	if text := s.Schema.Text; text != nil {
		c.settleTexts(text)
		m.vocab, m.context = text.Vocab, text.Length
	}
	if c.autoModel {
		c.Model, c.autoModel, c.sized = autoModel(s.Schema, s.Schema.Rows, c.members), false, true
	}
	settle(c.Model, m)
	return nil
}

// fit learns how examples are encoded from the training rows.
func (d *Data) fit(r *raw, rows []int, task string) (*dataset.Schema, error) {
	if r.table == nil {
		return r.schema, nil
	}
	if r.table.Target() == "" {
		return nil, mistakef("config: data %s: no column is called target, label, class or y: name the one to predict by data.target or --target (%s)", d.Train, list(r.table.Names()))
	}
	o := dataset.FitOptions{
		Categories: d.Categories, Task: task, NoStandardize: !d.Standardize, Infer: d.Infer, Scaling: d.Scaling, Bins: d.Bins, Rare: d.Rare, Hash: d.Hash,
	}
	if d.Transform != "none" {
		o.Transform = d.Transform
	}
	if d.Text != "" {
		var err error
		if o.Text, err = d.textOptions(len(rows)); err != nil {
			return nil, err
		}
	}
	s, err := r.table.Fit(rows, o)
	if o.Task = ""; err != nil && task != "" {
		if _, e := r.table.Fit(rows, o); e == nil {
			err = mistake{err} // the data are right, but for another task
		}
	}
	if err == nil && d.Task == "auto" && task == dataset.TaskClassification {
		err = d.checkClasses(r, rows, o, len(s.Target.Classes))
	}
	return s, err
}

// Numbers of which this many or this share are distinct are values, not
// classes.
const (
	mostClasses  = 1000
	fewClasses   = 20 // in any number of rows
	distinctRows = 0.2
)

// checkClasses refuses a target of continuous numbers of which a loss for
// classes has made a class each. o is for what the target is by itself.
func (d *Data) checkClasses(r *raw, rows []int, o dataset.FitOptions, classes int) error {
	if classes <= fewClasses || classes <= mostClasses && float64(classes) <= distinctRows*float64(len(rows)) {
		return nil
	}
	s, err := r.table.Fit(rows, o)
	if err != nil || s.Target.Task != dataset.TaskRegression {
		return nil // words: so many classes there are
	}
	return mistakef("config: data %s: the target %s holds numbers, %d distinct ones, and the loss would make each a class: set loss to mse to predict the number, or data.task to classification if they are classes",
		d.Train, s.Target.Name, classes)
}
