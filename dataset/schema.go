package dataset

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// SchemaVersion is the version that this package writes.
const SchemaVersion = 1

// How categorical columns are given to a model.
const (
	CategoriesOneHot    = "onehot"    // a feature in x for each category; unseen: all 0
	CategoriesEmbedding = "embedding" // an index in cat for each column, from 1; unseen: 0
)

// What a target is.
const (
	TaskClassification = "classification"
	TaskRegression     = "regression"
)

// Schema is all that turns a raw example into the numbers that a model was
// trained on, and the model's answers back: it is kept with the model, as JSON.
// Its statistics come from the training rows only.
type Schema struct {
	Version    int            `json:"version"`
	Columns    []ColumnSchema `json:"columns,omitempty"` // of a table, in file order
	Image      *ImageSchema   `json:"image,omitempty"`   // instead of columns
	Target     TargetSchema   `json:"target"`
	Weight     string         `json:"weight,omitempty"`     // the column of example weights
	Categories string         `json:"categories,omitempty"` // CategoriesOneHot or CategoriesEmbedding
	Missing    []string       `json:"missing,omitempty"`    // cells that mean "not known", besides empty ones
	Rows       int            `json:"rows"`                 // that it was fitted on
}

// ColumnSchema is one feature column of a table.
//
// A numeric cell v becomes (v-Mean)/Std, or 0 where Std is 0: the column was
// constant. A missing one counts as Mean. A categorical cell becomes its place
// in Vocabulary; the entry "" stands for missing cells.
type ColumnSchema struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"` // KindNumeric or KindCategorical
	Mean       float64  `json:"mean"`
	Std        float64  `json:"std"`
	Fill       float64  `json:"fill"`                 // the value that stands for a missing number
	Missing    int      `json:"missing,omitempty"`    // training rows without a value
	Vocabulary []string `json:"vocabulary,omitempty"` // numbers by value, else by bytes
}

// ImageSchema is a feature of u8 pixels v that become v*Scale + Shift.
type ImageSchema struct {
	Shape []int   `json:"shape"` // of the file; x is flat unless loaded otherwise
	Scale float32 `json:"scale"`
	Shift float32 `json:"shift"`
}

// TargetSchema is what a model predicts: one of Classes by number, or
// (v-Mean)/Std of a value v.
type TargetSchema struct {
	Name    string   `json:"name"`
	Task    string   `json:"task"`              // TaskClassification or TaskRegression; "": no target
	Classes []string `json:"classes,omitempty"` // numbers by value, else by bytes
	Numeric bool     `json:"numeric,omitempty"` // classes are numbers: 1 and 1.0 are the same
	Mean    float64  `json:"mean"`
	Std     float64  `json:"std"`
}

// Class returns the name of class i, or its number if it has none.
func (t *TargetSchema) Class(i int) string {
	if i >= 0 && i < len(t.Classes) {
		return t.Classes[i]
	}
	return strconv.Itoa(i)
}

// Value returns a prediction y of a regression in the units of the data.
func (t *TargetSchema) Value(y float32) float64 { return float64(float64(y)*t.Std) + t.Mean }

// Width returns the number of features in x.
func (s *Schema) Width() int {
	if s.Image != nil {
		return tensor.Shape(s.Image.Shape).Size()
	}
	n := 0
	for i := range s.Columns {
		n += s.width(&s.Columns[i])
	}
	return n
}

// width returns the features of x that a column takes.
func (s *Schema) width(c *ColumnSchema) int {
	switch {
	case c.Kind == KindNumeric:
		return 1
	case s.Categories == CategoriesEmbedding:
		return 0
	}
	return len(c.Vocabulary)
}

// CatSizes returns, for each index in cat, how many values it has: the
// categories and 0 for the unseen. It is empty unless categories are embedded.
func (s *Schema) CatSizes() []int {
	var sizes []int
	if s.Categories == CategoriesEmbedding {
		for _, c := range s.Columns {
			if c.Kind == KindCategorical {
				sizes = append(sizes, len(c.Vocabulary)+1)
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
		if c.Kind == KindNumeric {
			names = append(names, c.Name)
			continue
		}
		for _, v := range c.Vocabulary[:s.width(c)] {
			names = append(names, c.Name+"="+v)
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
	if s.Version != SchemaVersion {
		return fmt.Errorf("dataset: schema version %d (want %d)", s.Version, SchemaVersion)
	}
	switch s.Categories {
	case "", CategoriesOneHot, CategoriesEmbedding:
	default:
		return fmt.Errorf("dataset: schema: categories %q (want %q or %q)", s.Categories, CategoriesOneHot, CategoriesEmbedding)
	}
	switch s.Target.Task {
	case "", TaskClassification, TaskRegression:
	default:
		return fmt.Errorf("dataset: schema: task %q (want %q or %q)", s.Target.Task, TaskClassification, TaskRegression)
	}
	if s.Image != nil {
		return s.Image.validate()
	}
	seen := map[string]bool{}
	for _, c := range s.Columns {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("dataset: schema: column name %q is empty or used twice", c.Name)
		}
		if c.Kind != KindNumeric && c.Kind != KindCategorical {
			return fmt.Errorf("dataset: schema: column %q: kind %q (want %q or %q)", c.Name, c.Kind, KindNumeric, KindCategorical)
		}
		seen[c.Name] = true
	}
	return nil
}

func (m *ImageSchema) validate() error {
	for _, d := range m.Shape {
		if d < 1 || d > 1<<16 {
			return fmt.Errorf("dataset: schema: image shape %v", tensor.Shape(m.Shape))
		}
	}
	return nil
}

// String describes the schema in a few lines for people.
func (s *Schema) String() string {
	var b strings.Builder
	for _, c := range s.Columns {
		if c.Kind == KindNumeric {
			fmt.Fprintf(&b, "%s: numeric, mean %.6g, std %.6g, %d missing (filled with %.6g)\n", c.Name, c.Mean, c.Std, c.Missing, c.Fill)
		} else {
			fmt.Fprintf(&b, "%s: categorical (%s), %d categories, %d missing\n", c.Name, s.Categories, len(c.Vocabulary), c.Missing)
		}
	}
	if s.Image != nil {
		fmt.Fprintf(&b, "image: %v, pixels * %.6g + %.6g\n", tensor.Shape(s.Image.Shape), s.Image.Scale, s.Image.Shift)
	}
	switch t := s.Target; t.Task {
	case TaskClassification:
		fmt.Fprintf(&b, "target %s: %d classes: %s\n", t.Name, len(t.Classes), shortList(t.Classes))
	case TaskRegression:
		fmt.Fprintf(&b, "target %s: regression, mean %.6g, std %.6g\n", t.Name, t.Mean, t.Std)
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
