package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// shop is a table with a column of every kind, 60 rows.
func shop() string {
	var b strings.Builder
	b.WriteString("order_id,when,opens,paid,city,note,price,flat,empty,code,total\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,2024-%02d-%02d,%02d:30,%s,%s,%s,%g,7,,K%d,%d\n", 1000+3*i*i, 1+i%12, 1+i%28, i%24, []string{"Yes", "no"}[i%2],
			[]string{"Oslo", "Rome", "Rome", "Lima"}[i%4], fmt.Sprintf("please leave box %d at the door", i), 1.5*float64(i*i), i, i%2)
	}
	return b.String()
}

func TestInfer(t *testing.T) {
	table := parse(t, shop(), TableOptions{Target: "total"})
	s := fit(t, table, allRows(table), FitOptions{Infer: InferFull, Scaling: ScalingRobust, Bins: 8, Rare: 16, Categories: CategoriesEmbedding})
	kinds := map[string]string{}
	for _, c := range s.Columns {
		kinds[c.Name] = c.Kind
	}
	for name, want := range map[string]string{"when": KindDate, "opens": KindDate, "paid": KindBoolean, "city": KindCategorical, "note": KindText, "price": KindNumeric} {
		if kinds[name] != want {
			t.Errorf("%s is %q, want %q", name, kinds[name], want)
		}
	}
	dropped := map[string]string{}
	for _, d := range s.Dropped {
		dropped[d.Name] = d.Reason
	}
	for name, want := range map[string]string{"order_id": "number given to each row", "flat": `every training row has "7"`, "empty": "no training row has a value", "code": "an ID"} {
		if !strings.Contains(dropped[name], want) {
			t.Errorf("%s: dropped for %q, want %q", name, dropped[name], want)
		}
	}
	if city := s.Columns[3]; !slices.Equal(city.Vocabulary, []string{"Rome"}) || city.Rare != 2 {
		t.Errorf("city %+v", city)
	}
	if edges := s.Edges(); len(edges) != s.Width() || len(edges[0]) != 9 || edges[1] != nil {
		t.Errorf("edges %v of %d", edges, s.Width())
	}
	if len(s.Hints) != 0 {
		t.Errorf("hints %v on %d rows", s.Hints, table.Len())
	}
}

// TestEncodeKinds encodes all of a table at once and row by row alike.
func TestEncodeKinds(t *testing.T) {
	table := parse(t, shop(), TableOptions{Target: "total"})
	for _, o := range []FitOptions{{Infer: InferFull, Categories: CategoriesEmbedding}, {Infer: InferFull, Scaling: ScalingRobust}} {
		s := fit(t, table, allRows(table), o)
		e, err := NewEncoder(s)
		if err != nil {
			t.Fatal(err)
		}
		all := encoded(t, s, table)
		x, cat := make([]float32, s.Width()), make([]int32, len(s.CatSizes()))
		for row := range table.Len() {
			m := map[string]string{}
			for col, name := range table.Names() {
				m[name] = table.Cell(row, col)
			}
			if err := e.EncodeRow(m, x, cat); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(x, all["x"].F32()[row*len(x):(row+1)*len(x)]) {
				t.Fatalf("row %d alone is another one", row)
			}
			if len(cat) > 0 && !slices.Equal(cat, all["cat"].I32()[row*len(cat):(row+1)*len(cat)]) {
				t.Fatalf("categories of row %d alone are others", row)
			}
		}
		if got, want := len(s.FeatureNames()), s.Width(); got != want {
			t.Errorf("%d names of %d features", got, want)
		}
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"d,y\n2024-02-29,1\n2023-12-31,0\n":                   "2006-01-02",
		"d,y\n1/2/2024,1\n13/2/2024,0\n":                      "2/1/2006",
		"d,y\n1/2/2024,1\n2/13/2024,0\n":                      "1/2/2006",
		"d,y\n3.12.2024,1\n30.1.2024,0\n":                     "2.1.2006",
		"d,y\n2024-02-29T10:00:00Z,1\n2023-12-31T11:00:01Z,0": "2006-01-02T15:04:05Z07:00",
		"d,y\n09:30,1\n23:59,0\n":                             "15:04",
	} {
		table := parse(t, text, TableOptions{Target: "y"})
		s := fit(t, table, allRows(table), FitOptions{Infer: InferFull})
		if c := s.Columns[0]; c.Kind != KindDate || c.Layout != want {
			t.Errorf("%q: %s %q, want %q", text, c.Kind, c.Layout, want)
		}
	}
	table := parse(t, "d,y\n1970-01-01 06:00:00,1\n1970-01-08 18:00:00,0\n", TableOptions{Target: "y"})
	x := encoded(t, fit(t, table, allRows(table), FitOptions{Infer: InferFull}), table)["x"].F32()
	if len(x) != 14 || math.Abs(float64(x[5]-1)) > 1e-6 || math.Abs(float64(x[12]+1)) > 1e-6 { // a quarter and three quarters of a day
		t.Errorf("dates become %v", x)
	}
	bad := parse(t, "d,y\n2024-01-01,1\nsoon,0\n", TableOptions{Target: "y", Columns: map[string]string{"d": KindDate}})
	_, err := bad.Fit(allRows(bad), FitOptions{})
	wantError(t, err, `f.csv:3: column "d": cell "soon" is no date`)
}

func TestRobust(t *testing.T) {
	table := parse(t, "a,y\n1,0\n2,1\n3,0\n4,1\n5,0\n,1\n1e6,0\n", TableOptions{})
	s := fit(t, table, []int{0, 1, 2, 3, 4, 5}, FitOptions{Infer: InferFull, Scaling: ScalingRobust})
	c := s.Columns[0]
	if c.Mean != 3 || c.Std != 2 || c.Fill != 3 || !c.Indicator || s.Width() != 2 {
		t.Errorf("%+v", c)
	}
	x := encoded(t, s, table)["x"].F32()
	if x[0] != float32(smoothClip(-1, 3)) || x[10] != 0 || x[11] != 1 || x[12] < 2.99 || x[12] > 3 {
		t.Errorf("x is %v", x)
	}
}

func TestLeak(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,copy,rank,y\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "%d,%s,%d,%s\n", i*7919%1000, []string{"u", "v"}[i%2], i%2*500+i%500, []string{"lo", "hi"}[i%2])
	}
	table := parse(t, b.String(), TableOptions{Target: "y"})
	s := fit(t, table, allRows(table), FitOptions{Infer: InferFull})
	all := strings.Join(s.Hints, "\n")
	if len(s.Hints) != 2 || !strings.Contains(all, `"copy" alone tells 100.0 %`) || !strings.Contains(all, `"rank"`) {
		t.Errorf("hints: %s", all)
	}
	table = parse(t, b.String(), TableOptions{Target: "a", Skip: []string{"y"}})
	if s := fit(t, table, allRows(table), FitOptions{Infer: InferFull}); len(s.Hints) != 0 {
		t.Errorf("hints: %v", s.Hints)
	}
}

func TestSeveralTargets(t *testing.T) {
	text := "a,u,v,p,q\n1,1.5,10,yes,0\n2,2.5,30,no,1\n3,4,20,no,1\n"
	table := parse(t, text, TableOptions{Targets: []string{"u", "v"}, Skip: []string{"p", "q"}})
	s := fit(t, table, allRows(table), FitOptions{})
	y := encoded(t, s, table)["y"]
	if s.Target.Task != TaskRegression || !slices.Equal(y.Shape(), []int{3, 2}) || math.Abs(s.More[0].Value(y.F32()[3])-30) > 1e-5 {
		t.Errorf("%+v, y %v", s, y)
	}
	table = parse(t, text, TableOptions{Targets: []string{"p", "q"}, Skip: []string{"u", "v"}})
	s = fit(t, table, allRows(table), FitOptions{})
	if y := encoded(t, s, table)["y"]; s.Target.Task != TaskMultiLabel || !slices.Equal(y.F32(), []float32{1, 0, 0, 1, 0, 1}) {
		t.Errorf("%+v, y %v", s, y.F32())
	}
	table = parse(t, text, TableOptions{Targets: []string{"p", "v"}})
	_, err := table.Fit(allRows(table), FitOptions{})
	wantError(t, err, `the targets "p" and "v" are for multilabel and regression`)
}

func TestLogTarget(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,y\n")
	for i := range 300 {
		fmt.Fprintf(&b, "%d,%.3f\n", i, math.Exp(float64(i)/20)-1)
	}
	table := parse(t, b.String(), TableOptions{})
	s := fit(t, table, allRows(table), FitOptions{Transform: TransformAuto})
	y := encoded(t, s, table)["y"].F32()
	if s.Target.Transform != TransformLog || math.Abs(s.Target.Value(y[299])/(math.Exp(299.0/20)-1)-1) > 1e-5 {
		t.Errorf("%+v: %v", s.Target, s.Target.Value(y[299]))
	}
	low := parse(t, "a,y\n1,-2.5\n2,3\n3,9\n", TableOptions{})
	_, err := low.Fit(allRows(low), FitOptions{Transform: TransformLog})
	wantError(t, err, "values down to -2.5", "data.target_transform")
}

func TestTextFeatures(t *testing.T) {
	var h textHash
	a := slices.Clone(h.features([]byte("Free PRIZE, free prize!"), 64))
	b := slices.Clone(h.features([]byte("free prize free prize"), 64))
	if !slices.Equal(a, b) || len(a) == 0 {
		t.Errorf("%v and %v", a, b)
	}
	norm := 0.0
	for _, e := range a {
		norm += float64(e.value) * float64(e.value)
	}
	if math.Abs(norm-1) > 1e-6 {
		t.Errorf("norm %v", norm)
	}
	if other := h.features([]byte("prize free"), 64); slices.Equal(a, other) {
		t.Error("the order of words does not matter")
	}
	if got := h.features([]byte(" ,;"), 64); len(got) != 0 {
		t.Errorf("no words give %v", got)
	}
}
