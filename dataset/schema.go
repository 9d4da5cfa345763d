package dataset

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/tensor"
)

// SchemaVersion is the version that this package writes; it reads all before.
const SchemaVersion = 4

// How categorical columns are given to a model.
const (
	CategoriesOneHot    = "onehot"    // a feature in x for each category; unseen: all 0
	CategoriesEmbedding = "embedding" // an index in cat for each column, from 1; unseen: 0
)

// What a target is.
const (
	TaskClassification = "classification"
	TaskRegression     = "regression"
	TaskMultiLabel     = "multilabel" // several targets of two classes each
)

// Schema is all that turns a raw example into the numbers that a model was
// trained on, and the model's answers back: it is kept with the model, as JSON.
// Its statistics come from the training rows only.
type Schema struct {
	Version    int                `json:"version"`
	Columns    []ColumnSchema     `json:"columns,omitempty"`      // of a table, in file order
	Dropped    []DroppedColumn    `json:"dropped,omitempty"`      // columns that are not used
	Image      *ImageSchema       `json:"image,omitempty"`        // instead of columns
	Text       *TextSchema        `json:"text,omitempty"`         // instead of columns
	Pairs      *InteractionSchema `json:"interactions,omitempty"` // instead of columns
	Target     TargetSchema       `json:"target"`
	More       []TargetSchema     `json:"more_targets,omitempty"` // behind Target, of the same task
	Weight     string             `json:"weight,omitempty"`       // the column of example weights
	Categories string             `json:"categories,omitempty"`   // CategoriesOneHot or CategoriesEmbedding
	Missing    []string           `json:"missing,omitempty"`      // cells that mean "not known", besides empty ones
	Rows       int                `json:"rows"`                   // that it was fitted on
	Hints      []string           `json:"hints,omitempty"`        // what a person should know, such as a column that gives the target away
}

// ColumnSchema is one feature column of a table.
//
// A number v becomes z = (v-Mean)/Std, or 0 where Std is 0: the column was
// constant. With Clip c above 0 it is z/√(1+(z/c)²), which no outlier takes
// beyond c. A missing one counts as Fill; with Indicator, a further feature is
// 1 where it is missing and else 0. A category becomes its place in Vocabulary;
// the entry "" stands for missing cells, and those that are not there, being
// rare or never seen, are all alike. With Buckets it becomes the bucket of its
// hash instead, the missing being those that are alike. A boolean is -1 for the first and 1 for
// the second word of Vocabulary, and 0 where it is missing. A date becomes its
// day, scaled as a number, and the sine and cosine of the time of the year and
// of the week; with Clock, also of the time of day; with Layout of a time only,
// just the last. Text becomes Buckets hashed counts of words and pairs of words.
type ColumnSchema struct {
	Name       string    `json:"name"`
	Kind       string    `json:"kind"` // KindNumeric, ...
	Mean       float64   `json:"mean"` // the median, if Clip is above 0
	Std        float64   `json:"std"`  // the range between the quartiles, if Clip is above 0
	Clip       float64   `json:"clip,omitempty"`
	Fill       float64   `json:"fill"`                 // the value that stands for a missing number
	Missing    int       `json:"missing,omitempty"`    // training rows without a value
	Indicator  bool      `json:"indicator,omitempty"`  // of missing cells
	Vocabulary []string  `json:"vocabulary,omitempty"` // numbers by value, else by bytes
	Rare       int       `json:"rare,omitempty"`       // categories that are too rare for the vocabulary
	Edges      []float32 `json:"edges,omitempty"`      // of bins of equal counts of the feature, rising
	Layout     string    `json:"layout,omitempty"`     // of a date, as in package time
	Clock      bool      `json:"clock,omitempty"`      // the layout has a time of day
	Calendar   bool      `json:"calendar,omitempty"`   // the layout has a date
	Buckets    int       `json:"buckets,omitempty"`    // of text, or of hashed categories
}

// DroppedColumn is a column that is not used, and why.
type DroppedColumn struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// TargetSchema is what a model predicts: one of Classes by number, or
// (v-Mean)/Std of a value v, or of log(1+v) with Transform "log".
type TargetSchema struct {
	Name      string   `json:"name"`
	Task      string   `json:"task"`              // TaskClassification, ...; "": no target
	Classes   []string `json:"classes,omitempty"` // numbers by value, else by bytes
	Numeric   bool     `json:"numeric,omitempty"` // classes are numbers: 1 and 1.0 are the same
	Mean      float64  `json:"mean"`
	Std       float64  `json:"std"`
	Transform string   `json:"transform,omitempty"` // "" or TransformLog
}

// TransformLog is the transformation log(1+v) of a target of at least 0.
const TransformLog = "log"

// Targets returns all targets.
func (s *Schema) Targets() []TargetSchema { return append([]TargetSchema{s.Target}, s.More...) }

// Class returns the name of class i, or its number if it has none.
func (t *TargetSchema) Class(i int) string {
	if i >= 0 && i < len(t.Classes) {
		return t.Classes[i]
	}
	return strconv.Itoa(i)
}

// Value returns a prediction y of a regression in the units of the data.
func (t *TargetSchema) Value(y float32) float64 {
	v := float64(float64(y)*t.Std) + t.Mean
	if t.Transform == TransformLog {
		return portmath.Exp(v) - 1
	}
	return v
}

// TargetValue returns the function that gives a prediction of each of the
// targets of a regression in the units of the data; nil for classes.
func (s *Schema) TargetValue() func(output int, y float32) float64 {
	targets := s.Targets()
	if targets[0].Task != TaskRegression {
		return nil
	}
	return func(output int, y float32) float64 { return targets[min(output, len(targets)-1)].Value(y) }
}

// Scaled returns a value in the units of the data as the model predicts it.
func (t *TargetSchema) Scaled(v float64) float32 {
	if t.Transform == TransformLog {
		v = portmath.Log(1 + v)
	}
	return float32((v - t.Mean) / t.Std)
}

// Width returns the number of features in x.
func (s *Schema) Width() int {
	if s.Image != nil {
		return tensor.Shape(s.Image.Shape).Size()
	}
	if s.Text != nil {
		return s.Text.Length
	}
	n := 0
	for i := range s.Columns {
		n += s.width(&s.Columns[i])
		if s.Columns[i].Indicator {
			n++
		}
	}
	return n
}

// width returns the features of x that a column takes, without its indicator.
func (s *Schema) width(c *ColumnSchema) int {
	switch c.Kind {
	case KindDate:
		return c.dateWidth()
	case KindText:
		return c.Buckets
	case KindCategorical:
		if s.Categories == CategoriesEmbedding {
			return 0
		}
		return len(c.Vocabulary)
	}
	return 1
}

// Edges returns, for each feature of x, the edges of its bins, or nil. It is
// nil if no feature has any.
func (s *Schema) Edges() [][]float32 {
	if s.Image != nil || s.Text != nil {
		return nil
	}
	edges, at, any := make([][]float32, s.Width()), 0, false
	for i := range s.Columns {
		c := &s.Columns[i]
		if len(c.Edges) > 0 {
			edges[at], any = c.Edges, true
		}
		at += s.width(c)
	}
	if !any {
		return nil
	}
	return edges
}

// CatSizes returns, for each index in cat, how many values it has: the
// categories, or buckets of them, and 0 for the unseen, or for the missing. It is empty unless categories are embedded.
func (s *Schema) CatSizes() []int {
	var sizes []int
	if s.Categories == CategoriesEmbedding {
		for _, c := range s.Columns {
			if c.Kind == KindCategorical {
				sizes = append(sizes, max(len(c.Vocabulary), c.Buckets)+1)
			}
		}
	}
	return sizes
}

// FeatureNames returns a name for each feature in x: the column's, or
// column=category.
func (s *Schema) FeatureNames() []string {
	var names []string
	for i := range s.Columns {
		c := &s.Columns[i]
		switch c.Kind {
		case KindCategorical:
			for _, v := range c.Vocabulary[:s.width(c)] {
				names = append(names, c.Name+"="+v)
			}
		case KindDate, KindText:
			for j := range s.width(c) {
				names = append(names, fmt.Sprint(c.Name, ".", j))
			}
		default:
			names = append(names, c.Name)
		}
	}
	for _, c := range s.Columns {
		if c.Indicator {
			names = append(names, c.Name+" missing")
		}
	}
	return names
}

// ParseSchema reads a schema from JSON and validates it.
func ParseSchema(data []byte) (*Schema, error) {
	s := &Schema{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("dataset: schema: %w", err)
	}
	return s, s.Validate()
}

// Validate reports what makes the schema unusable.
func (s *Schema) Validate() error {
	if s.Version < 1 || s.Version > SchemaVersion {
		return fmt.Errorf("dataset: schema version %d (want 1 to %d: a newer descent wrote it)", s.Version, SchemaVersion)
	}
	switch s.Categories {
	case "", CategoriesOneHot, CategoriesEmbedding:
	default:
		return fmt.Errorf("dataset: schema: categories %q (want %q or %q)", s.Categories, CategoriesOneHot, CategoriesEmbedding)
	}
	switch s.Target.Task {
	case "", TaskClassification, TaskRegression, TaskMultiLabel, TaskLanguage, TaskRanking:
	default:
		return fmt.Errorf("dataset: schema: task %q (want %q, %q, %q, %q or %q)", s.Target.Task, TaskClassification, TaskRegression, TaskMultiLabel, TaskLanguage, TaskRanking)
	}
	if s.Target.Task == TaskRanking && s.Pairs == nil {
		return fmt.Errorf("dataset: schema: task %q of what are no interactions", TaskRanking)
	}
	if s.Text != nil {
		return s.Text.validate()
	}
	if s.Image != nil {
		return s.Image.validate()
	}
	if s.Pairs != nil {
		return s.Pairs.validate()
	}
	seen := map[string]bool{}
	for _, c := range s.Columns {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("dataset: schema: column name %q is empty or used twice", c.Name)
		}
		if err := c.validate(); err != nil {
			return fmt.Errorf("dataset: schema: column %q: %w", c.Name, err)
		}
		seen[c.Name] = true
	}
	return nil
}

func (c *ColumnSchema) validate() error {
	switch {
	case c.Kind == KindSkip || !slices.Contains(kinds, c.Kind):
		return fmt.Errorf("kind %q (want %s)", c.Kind, strings.Join(kinds[:len(kinds)-1], ", "))
	case c.Kind == KindBoolean && len(c.Vocabulary) != 2:
		return fmt.Errorf("%d words of a boolean (want 2)", len(c.Vocabulary))
	case c.Kind == KindDate && c.dateWidth() == 0:
		return fmt.Errorf("layout %q has neither a date nor a time of day", c.Layout)
	case c.Kind == KindText && (c.Buckets < 1 || c.Buckets > 1<<20):
		return fmt.Errorf("%d buckets of text", c.Buckets)
	case c.Kind == KindCategorical && (c.Buckets < 0 || c.Buckets > mostBuckets || c.Buckets > 0 && len(c.Vocabulary) > 0):
		return fmt.Errorf("%d buckets of hashed categories, and %d categories", c.Buckets, len(c.Vocabulary))
	}
	return nil
}

// String describes the column in a line: what it is and how it is encoded.
func (c *ColumnSchema) String() string {
	var b strings.Builder
	switch c.Kind {
	case KindNumeric:
		fmt.Fprintf(&b, "numeric, mean %.6g, std %.6g", c.Mean, c.Std)
		if c.Clip > 0 {
			b.Reset()
			fmt.Fprintf(&b, "numeric, median %.6g, quartiles %.6g apart", c.Mean, c.Std)
		}
		if len(c.Edges) > 0 {
			fmt.Fprintf(&b, ", %d bins", len(c.Edges)-1)
		}
	case KindCategorical:
		if c.Buckets > 0 {
			fmt.Fprintf(&b, "categorical, hashed into %d buckets", c.Buckets)
			break
		}
		known := slices.DeleteFunc(slices.Clone(c.Vocabulary), func(v string) bool { return v == "" })
		fmt.Fprintf(&b, "categorical, %d categories: %s", len(known), shortList(known))
		if c.Rare > 0 {
			fmt.Fprintf(&b, "; %d rare ones are one", c.Rare)
		}
	case KindBoolean:
		fmt.Fprintf(&b, "boolean, %s or %s", c.Vocabulary[0], c.Vocabulary[1])
	case KindDate:
		fmt.Fprintf(&b, "date, written as %s", c.Layout)
	case KindText:
		fmt.Fprintf(&b, "text, words and pairs of words in %d buckets", c.Buckets)
	}
	if c.Missing > 0 {
		fmt.Fprintf(&b, ", %d missing", c.Missing)
		if c.Kind == KindNumeric {
			fmt.Fprintf(&b, " (filled with %.6g)", c.Fill)
		}
	}
	return b.String()
}

// String describes the schema in a few lines for people.
func (s *Schema) String() string {
	var b strings.Builder
	for i := range s.Columns {
		fmt.Fprintf(&b, "%s: %s\n", s.Columns[i].Name, s.Columns[i].String())
	}
	if s.Image != nil {
		fmt.Fprintln(&b, s.Image)
	}
	if s.Text != nil {
		fmt.Fprintln(&b, s.Text)
	}
	if s.Pairs != nil {
		fmt.Fprintln(&b, s.Pairs)
		return b.String()
	}
	for _, t := range s.Targets() {
		switch t.Task {
		case TaskClassification, TaskMultiLabel:
			fmt.Fprintf(&b, "target %s: %d classes: %s\n", t.Name, len(t.Classes), shortList(t.Classes))
		case TaskRegression:
			fmt.Fprintf(&b, "target %s: regression, mean %.6g, std %.6g", t.Name, t.Mean, t.Std)
			if t.Transform != "" {
				fmt.Fprintf(&b, " of its logarithm")
			}
			fmt.Fprintln(&b)
		}
	}
	for _, n := range s.Notes() {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

func shortList(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}
