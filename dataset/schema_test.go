package dataset

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

func allRows(t *Table) []int {
	rows := make([]int, t.Len())
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func fit(t testing.TB, table *Table, rows []int, o FitOptions) *Schema {
	t.Helper()
	s, err := table.Fit(rows, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// encoded returns all examples of a table, field by name.
func encoded(t testing.TB, s *Schema, table *Table) map[string]*tensor.Tensor {
	t.Helper()
	ds, err := s.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	buf, out := NewBuffers(ds.Fields(), ds.Len()), map[string]*tensor.Tensor{}
	if err := ds.Gather(buf, 0, allRows(table)); err != nil {
		t.Fatal(err)
	}
	for i, f := range ds.Fields() {
		out[f.Name] = buf[i]
	}
	return out
}

const people = `age,city,flat,pay,w
20,Oslo,7,low,1
30,Rome,7,high,0
40,,7,low,2.5
?,Oslo,7,high,1
99,Lima,8,low,1
`

func peopleSchema(t testing.TB, o FitOptions) (*Table, *Schema) {
	table := parse(t, people, TableOptions{Target: "pay", Weight: "w"})
	return table, fit(t, table, []int{0, 1, 2, 3}, o) // the last row is not for training
}

func TestFitAndEncodeOneHot(t *testing.T) {
	table, s := peopleSchema(t, FitOptions{})
	std := math.Sqrt(200.0 / 3)
	want := []ColumnSchema{
		{Name: "age", Kind: KindNumeric, Mean: 30, Std: std, Fill: 30, Missing: 1},
		{Name: "city", Kind: KindCategorical, Std: 1, Missing: 1, Vocabulary: []string{"", "Oslo", "Rome"}},
		{Name: "flat", Kind: KindNumeric, Mean: 7, Std: 0, Fill: 7},
	}
	if !reflect.DeepEqual(s.Columns, want) {
		t.Errorf("columns\n%+v, want\n%+v", s.Columns, want)
	}
	if s.Weight != "w" || s.Rows != 4 || !slices.Equal(s.Target.Classes, []string{"high", "low"}) || s.Width() != 5 || s.CatSizes() != nil {
		t.Errorf("schema %+v", s)
	}
	if got := s.FeatureNames(); !slices.Equal(got, []string{"age", "city=", "city=Oslo", "city=Rome", "flat"}) {
		t.Errorf("features %v", got)
	}
	a, b := float32(-10/std), float32(69/std)
	got := encoded(t, s, table)
	for f, want := range map[string][]float32{
		"x": {a, 0, 1, 0, 0, 0, 0, 0, 1, 0, -a, 1, 0, 0, 0, 0, 0, 1, 0, 0, b, 0, 0, 0, 0}, "weight": {1, 0, 2.5, 1, 1}} {
		if !slices.Equal(got[f].F32(), want) {
			t.Errorf("%s is %v, want %v", f, got[f].F32(), want)
		}
	}
	if y := got["y"].I32(); !slices.Equal(y, []int32{1, 0, 1, 0, 1}) {
		t.Errorf("y is %v", y)
	}
	if s.Target.Class(1) != "low" || s.Target.Class(7) != "7" {
		t.Error("class names")
	}
}

func TestFitAndEncodeEmbedding(t *testing.T) {
	table, s := peopleSchema(t, FitOptions{Categories: CategoriesEmbedding, NoStandardize: true})
	got := encoded(t, s, table)
	if x := got["x"].F32(); !slices.Equal(x, []float32{20, 7, 30, 7, 40, 7, 30, 7, 99, 8}) {
		t.Errorf("x is %v", x)
	}
	if cat := got["cat"].I32(); !slices.Equal(cat, []int32{2, 3, 1, 2, 0}) {
		t.Errorf("cat is %v", cat)
	}
	if !slices.Equal(s.CatSizes(), []int{4}) || s.Width() != 2 {
		t.Errorf("sizes %v, width %d", s.CatSizes(), s.Width())
	}
}

func TestEncodeOtherTable(t *testing.T) {
	_, s := peopleSchema(t, FitOptions{})
	got := encoded(t, s, parse(t, "city,flat,age\nRome,7,30\n", TableOptions{}))
	if !slices.Equal(got["x"].F32(), []float32{0, 0, 0, 1, 0}) || got["y"] != nil || got["weight"] != nil {
		t.Errorf("got %v", got)
	}
	for text, want := range map[string][]string{
		"city,flat,ages\nRome,7,30\n":               {`f.csv: no column "age"`, `is it "ages"?`},
		"city,flat,age\nRome,7,thirty\n":            {`f.csv:2: column "age"`, `"thirty"`},
		"city,flat,age,pay\nRome,7,3,hihg\n":        {`f.csv:2: column "pay": class "hihg" is not one of high, low`},
		"city,flat,age,pay,w\nRome,7,3,high,-1\n":   {`f.csv:2: column "w": weight "-1"`},
		"city,flat,age,pay,w\nRome,7,3,high,\n":     {`column "w": weight ""`},
		"city,flat,age,pay,w\nRome,7,1e300,low,1\n": {`column "age"`, "too large"},
	} {
		_, err := s.Encode(parse(t, text, TableOptions{}))
		wantError(t, err, want...)
	}
}

func TestEncodeRow(t *testing.T) {
	table, s := peopleSchema(t, FitOptions{Categories: CategoriesEmbedding})
	e, err := NewEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	all := encoded(t, s, table)
	for row := range table.Len() {
		m := map[string]string{}
		for col, name := range table.Names() {
			m[name] = table.Cell(row, col)
		}
		x, cat := []float32{9, 9}, []int32{9}
		if err := e.EncodeRow(m, x, cat); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x, all["x"].F32()[2*row:2*row+2]) || cat[0] != all["cat"].I32()[row] {
			t.Errorf("row %d alone is %v %v", row, x, cat)
		}
	}
	x, cat := make([]float32, 2), make([]int32, 1)
	wantError(t, e.EncodeRow(map[string]string{"age": "1", "flat": "2", "ctiy": "Rome"}, x, cat), `column "city"`, `is it "ctiy"?`)
	wantError(t, e.EncodeRow(map[string]string{"age": "old", "flat": "2", "city": "Rome"}, x, cat), `column "age"`, `"old"`)
	wantError(t, e.EncodeRow(nil, x[:1], nil), "1 features and 0 categories (want 2 and 1)")
}

// column of n rows: a number each, but for the cells given.
func column(n int, special map[int]string) string {
	s := "a,y\n"
	for i := range n {
		cell, ok := special[i]
		if !ok {
			cell = fmt.Sprint(i)
		}
		s += fmt.Sprintf("%s,%d\n", cell, i%2)
	}
	return s
}

func TestKinds(t *testing.T) {
	words := map[int]string{}
	for i := range 31 {
		words[9*i] = "x"
	}
	for name, c := range map[string]struct {
		rows     int
		special  map[int]string
		declared string
		want     string // kind, or part of an error
	}{
		"numbers":        {300, nil, "", KindNumeric},
		"missing":        {300, map[int]string{0: "", 5: "NA", 6: "?"}, "", KindNumeric},
		"one bad":        {300, map[int]string{150: "twelve"}, "", `f.csv:152: column "a": cell "twelve" is not a finite number, as 299 of 300`},
		"one bad of 51":  {51, map[int]string{20: "abc"}, "", `f.csv:22: column "a": cell "abc" is not a finite number, as 50 of 51`},
		"one bad of 10":  {10, map[int]string{9: "abc"}, "", `f.csv:11: column "a": cell "abc" is not a finite number, as 9 of 10`},
		"one bad of 9":   {9, map[int]string{8: "abc"}, "", KindCategorical},
		"infinite":       {300, map[int]string{150: "inf"}, "", `f.csv:152: column "a": cell "inf"`},
		"some bad":       {300, map[int]string{1: "x", 2: "x", 3: "z"}, "", `f.csv:3: column "a": cell "x" is not a finite number, as 297 of 300`},
		"words":          {300, words, "", KindCategorical},
		"declared names": {300, nil, KindCategorical, KindCategorical},
		"declared":       {300, map[int]string{1: "x", 2: "x", 3: "z"}, KindNumeric, `f.csv:3: column "a": cell "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := TableOptions{}
			if c.declared != "" {
				o.Columns = map[string]string{"a": c.declared}
			}
			table := parse(t, column(c.rows, c.special), o)
			s, err := table.Fit(allRows(table), FitOptions{})
			if c.want != KindNumeric && c.want != KindCategorical {
				wantError(t, err, c.want)
			} else if err != nil {
				t.Error(err)
			} else if s.Columns[0].Kind != c.want {
				t.Errorf("kind %q, want %q", s.Columns[0].Kind, c.want)
			}
		})
	}
}

// TestNoteOfTexts: of a table of nothing but texts it is said that they can be
// read as tokens.
func TestNoteOfTexts(t *testing.T) {
	text := "body,y\n"
	for i := range 60 {
		text += fmt.Sprintf("what a number %d was seen by the %d of them today,%d\n", i*i, 7*i, i%2)
	}
	table := parse(t, text, TableOptions{})
	if notes := fit(t, table, allRows(table), FitOptions{Infer: InferFull}).Notes(); len(notes) != 1 || !strings.Contains(notes[0], "--text body") {
		t.Errorf("notes %q", notes)
	}
}

func TestNotes(t *testing.T) {
	for name, c := range map[string]struct {
		rows int
		cell func(i int) string
		want []string
	}{
		"dates":        {30, func(i int) string { return fmt.Sprintf("2011-01-%02d", i) }, []string{`"a" has 30 categories in 30 rows`}},
		"some missing": {30, func(i int) string { return []string{"?", fmt.Sprint("n", i), fmt.Sprint("m", i)}[i%3] }, []string{`"a" has 20 categories in 20 rows`}},
		"few rows":     {9, func(i int) string { return fmt.Sprint("n", i) }, nil},
		"names again":  {30, func(i int) string { return fmt.Sprint("n", i/2) }, nil},
		"numbers":      {30, func(i int) string { return fmt.Sprint(i) }, nil},
		"all missing":  {30, func(i int) string { return "" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := "b,a,y\n"
			for i := range c.rows {
				text += fmt.Sprintf("%d,%s,%d\n", i, c.cell(i), i%2)
			}
			table := parse(t, text, TableOptions{})
			s := fit(t, table, allRows(table), FitOptions{})
			notes := s.Notes()
			if len(notes) != len(c.want) {
				t.Fatalf("notes %q, want %q", notes, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(notes[i], want) || !strings.Contains(notes[i], "skip") || !strings.Contains(s.String(), "note: "+notes[i]+"\n") {
					t.Errorf("note %q (want %q) of\n%v", notes[i], want, s)
				}
			}
		})
	}
}

func TestMissingOption(t *testing.T) {
	table := parse(t, "a,y\n-999,0\nNA,1\n3,1\n", TableOptions{Missing: []string{"-999", "NA"}})
	s := fit(t, table, allRows(table), FitOptions{NoStandardize: true})
	if c := s.Columns[0]; c.Kind != KindNumeric || c.Missing != 2 || c.Fill != 3 {
		t.Errorf("%+v", c)
	}
	if x := encoded(t, s, table)["x"].F32(); !slices.Equal(x, []float32{3, 3, 3}) {
		t.Errorf("x is %v", x)
	}
}

func TestTask(t *testing.T) {
	build := func(n int, cell func(i int) string) *Table {
		s := "a,y\n"
		for i := range n {
			s += fmt.Sprintf("%d,%s\n", i, cell(i))
		}
		return parse(t, s, TableOptions{})
	}
	for name, c := range map[string]struct {
		table   *Table
		task    string
		want    string
		classes []string
	}{
		"names":         {build(4, func(i int) string { return []string{"b", "a"}[i%2] }), "", TaskClassification, []string{"a", "b"}},
		"two numbers":   {build(4, func(i int) string { return []string{"1", "0"}[i%2] }), "", TaskClassification, []string{"0", "1"}},
		"numeric order": {build(400, func(i int) string { return fmt.Sprint(2 * (i % 6)) }), "", TaskClassification, []string{"0", "2", "4", "6", "8", "10"}},
		"same number":   {build(400, func(i int) string { return []string{"1", "1.0", "2"}[i%3] }), "", TaskClassification, []string{"1", "2"}},
		"many integers": {build(400, func(i int) string { return fmt.Sprint(i % 21) }), "", TaskRegression, nil},
		"short table":   {build(40, func(i int) string { return fmt.Sprint(i % 3) }), "", TaskRegression, nil},
		"fractions":     {build(400, func(i int) string { return []string{"0.5", "1.5"}[i%2] }), "", TaskRegression, nil},
		"told classes":  {build(4, func(i int) string { return fmt.Sprint(i) }), TaskClassification, TaskClassification, []string{"0", "1", "2", "3"}},
		"told values":   {build(4, func(i int) string { return fmt.Sprint(i % 2) }), TaskRegression, TaskRegression, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := fit(t, c.table, allRows(c.table), FitOptions{Task: c.task})
			if s.Target.Task != c.want || !slices.Equal(s.Target.Classes, c.classes) {
				t.Errorf("%s %v, want %s %v", s.Target.Task, s.Target.Classes, c.want, c.classes)
			}
			encoded(t, s, c.table)
		})
	}
}

func TestRegressionTarget(t *testing.T) {
	table := parse(t, "a,y\n1,10.5\n2,20\n3,30\n4,1000\n", TableOptions{})
	s := fit(t, table, []int{0, 1, 2}, FitOptions{})
	y := encoded(t, s, table)["y"].F32()
	for i, want := range []float64{10.5, 20, 30, 1000} {
		if got := s.Target.Value(y[i]); math.Abs(got-want) > 1e-4*want {
			t.Errorf("%v comes back as %v", want, got)
		}
	}
	if m := float64(y[0] + y[1] + y[2]); math.Abs(m) > 1e-6 {
		t.Errorf("the training targets sum to %v", m)
	}
	s = fit(t, table, []int{0, 1, 2}, FitOptions{NoStandardize: true})
	if y := encoded(t, s, table)["y"].F32(); !slices.Equal(y, []float32{10.5, 20, 30, 1000}) {
		t.Errorf("raw targets %v", y)
	}
}

func TestConstantColumnIsExact(t *testing.T) {
	text := "a,y\n"
	for i := range 1000 {
		text += fmt.Sprintf("0.1,%d\n", i%2)
	}
	table := parse(t, text, TableOptions{})
	s := fit(t, table, allRows(table), FitOptions{})
	if c := s.Columns[0]; c.Mean != 0.1 || c.Std != 0 {
		t.Errorf("constant column has mean %v, std %v", c.Mean, c.Std)
	}
}

func TestFitRefuses(t *testing.T) {
	many := "a,y\n"
	for i := range 1100 {
		many += fmt.Sprintf("n%d,%d\n", i, i%2)
	}
	for name, c := range map[string]struct {
		text string
		o    TableOptions
		f    FitOptions
		rows []int
		want []string
	}{
		"no target":      {"a,b\n1,2\n", TableOptions{}, FitOptions{}, []int{0}, []string{"f.csv: no target", `"a", "b"`}},
		"no rows":        {"a,y\n1,2\n", TableOptions{}, FitOptions{}, nil, []string{"no training rows"}},
		"row":            {"a,y\n1,2\n", TableOptions{}, FitOptions{}, []int{1}, []string{"training row 1 (want 0 to 0)"}},
		"only target":    {"y\n1\n", TableOptions{}, FitOptions{}, []int{0}, []string{"no columns but the target"}},
		"missing target": {"a,y\n1,2\n2,\n", TableOptions{}, FitOptions{}, []int{0}, []string{`f.csv:3: column "y": the target is missing`}},
		"one class":      {"a,y\n1,no\n2,no\n", TableOptions{}, FitOptions{}, []int{0}, []string{`every row has class "no"`}},
		"names":          {"a,y\n1,no\n2,yes\n", TableOptions{}, FitOptions{Task: TaskRegression}, []int{0}, []string{`f.csv:2: column "y": a regression wants numbers`}},
		"task":           {"a,y\n1,1\n2,2\n", TableOptions{}, FitOptions{Task: "ranking"}, []int{0}, []string{`task "ranking"`}},
		"categories":     {"a,y\n1,1\n2,2\n", TableOptions{}, FitOptions{Categories: "hash"}, []int{0}, []string{`categories "hash"`}},
		"one-hot":        {many, TableOptions{}, FitOptions{}, nil, []string{`"a" has 1100 categories`, "embed"}},
		"huge":           {"a,y\n1e308,1\n-1e308,2\n1e308,1\n", TableOptions{}, FitOptions{}, []int{0, 1, 2}, []string{`"a": numbers are too large`}},
	} {
		t.Run(name, func(t *testing.T) {
			table := parse(t, c.text, c.o)
			if name == "one-hot" {
				c.rows = allRows(table)
			}
			_, err := table.Fit(c.rows, c.f)
			wantError(t, err, c.want...)
		})
	}
}

func TestSchemaJSON(t *testing.T) {
	_, s := peopleSchema(t, FitOptions{Categories: CategoriesEmbedding})
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseSchema(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, back) {
		t.Errorf("came back as\n%+v, want\n%+v", back, s)
	}
	for _, c := range [][3]string{
		{`"version":4`, `"version":5`, "version 5 (want 1 to 4: a newer descent wrote it)"},
		{`"kind":"numeric"`, `"kind":"number"`, `column "age": kind "number"`},
		{`"name":"city"`, `"name":"age"`, `"age" is empty or used twice`},
		{`"categories":"embedding"`, `"categories":"hash"`, `categories "hash"`},
		{`"task":"classification"`, `"task":"sorting"`, `task "sorting"`},
		{`{"version"`, `{version`, "invalid character"},
	} {
		if !strings.Contains(string(data), c[0]) {
			t.Fatalf("%s lacks %s", data, c[0])
		}
		_, err := ParseSchema([]byte(strings.Replace(string(data), c[0], c[1], 1)))
		wantError(t, err, c[2])
	}
	if text := s.String(); !strings.Contains(text, "city: categorical, 2 categories: Oslo, Rome, 1 missing") ||
		!strings.Contains(text, "age: numeric, mean 30") || !strings.Contains(text, "target pay: 2 classes: high, low") {
		t.Errorf("described as\n%s", text)
	}
}
