package dataset

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func parse(t testing.TB, text string, o TableOptions) *Table {
	t.Helper()
	table, err := ParseTable(strings.NewReader(text), "f.csv", o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// dump writes a table as names: then cells.
func dump(t *Table) string {
	s := strings.Join(t.Names(), ",") + ":"
	for row := range t.Len() {
		for col := range t.Names() {
			s += t.Cell(row, col) + ","
		}
		s = s[:len(s)-1] + ";"
	}
	return s
}

func TestParseTable(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    TableOptions
		want string
	}{
		"header":         {"a,b\n1,2\n3,4\n", TableOptions{}, "a,b:1,2;3,4;"},
		"no header":      {"1,2\n3,4\n", TableOptions{}, "c0,c1:1,2;3,4;"},
		"no last line":   {"1,2\n3,4", TableOptions{}, "c0,c1:1,2;3,4;"},
		"forced header":  {"1,2\n3,4\n", TableOptions{Header: "yes"}, "1,2:3,4;"},
		"forced none":    {"a,b\n3,4\n", TableOptions{Header: "no"}, "c0,c1:a,b;3,4;"},
		"names":          {"1,2\n3,4\n", TableOptions{Names: []string{"u", "v"}}, "u,v:1,2;3,4;"},
		"names, header":  {"a,b\n3,4\n", TableOptions{Names: []string{"u", "v"}}, "u,v:3,4;"},
		"words":          {"name,colour\nx,red\ny,blue\n", TableOptions{}, "name,colour:x,red;y,blue;"},
		"words again":    {"red,x\nblue,y\nred,x\n", TableOptions{}, "c0,c1:red,x;blue,y;red,x;"},
		"words twice":    {"red,red\nblue,y\nred,x\n", TableOptions{}, "c0,c1:red,red;blue,y;red,x;"},
		"crlf, bom":      {"\xef\xbb\xbfa,b\r\n1,2\r\n", TableOptions{}, "a,b:1,2;"},
		"blank lines":    {"\na,b\n\n1,2\n   \n3,4\n\n", TableOptions{}, "a,b:1,2;3,4;"},
		"quotes":         {"a,b\n\"1, \"\"x\"\"\",\"2\n3\"\n4,5\n", TableOptions{}, "a,b:1, \"x\",2\n3;4,5;"},
		"spaces":         {" a , b\n 1 ,  \"q\"\n", TableOptions{}, "a,b:1,q;"},
		"semicolon":      {"a;b\n1,5;2\n", TableOptions{}, "a,b:1,5,2;"},
		"tab":            {"a\tb\n\t2\n", TableOptions{}, "a,b:,2;"},
		"tsv":            {"a,x\tb\n1\t2\n", TableOptions{Format: FormatTSV}, "a,x,b:1,2;"},
		"bar":            {"a|b\n1|2\n", TableOptions{}, "a,b:1,2;"},
		"blank":          {"a b\n1 2\n", TableOptions{}, "a,b:1,2;"},
		"separator":      {"a:b\n1:2\n", TableOptions{Separator: ':'}, "a,b:1,2;"},
		"skip":           {"# made by hand\n\na,b\n1,2\n", TableOptions{SkipLines: 2}, "a,b:1,2;"},
		"one column":     {"a\n1\n2\n", TableOptions{}, "a:1;2;"},
		"unnamed column": {",b\n0,2\n1,4\n", TableOptions{}, "c0,b:0,2;1,4;"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := dump(parse(t, c.text, c.o)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseTableRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    TableOptions
		want []string
	}{
		"empty":          {"", TableOptions{}, []string{"f.csv: no rows"}},
		"only header":    {"a,b\n", TableOptions{}, []string{"f.csv: no rows behind the header"}},
		"ragged":         {"a,b\n1,2\n\n3\n", TableOptions{}, []string{"f.csv:4: 1 cells (want 2"}},
		"long":           {"a,b\n1,2,3\n", TableOptions{}, []string{"f.csv:2: 3 cells (want 2"}},
		"ragged skipped": {"#\na,b\n1\n", TableOptions{SkipLines: 1}, []string{"f.csv:3:"}},
		"quote":          {"a,b\n1,\"2\n3,4\n", TableOptions{}, []string{"f.csv:", "line 2", "quote"}},
		"after quote":    {"a,b\n1,\"q\" x\n", TableOptions{}, []string{"f.csv:2: column", "quote"}},
		"skip":           {"a,b\n", TableOptions{SkipLines: 3}, []string{"f.csv: 1 lines", "3 to skip"}},
		"twice":          {"a,a\n1,2\n", TableOptions{Header: "yes"}, []string{`f.csv: columns 0 and 1, from 0, are both called "a"`}},
		"twice, found":   {"a,b,b\n1,2,x\n3,4,y\n", TableOptions{Target: "b"}, []string{`columns 1 and 2, from 0, are both called "b"`, "no header"}},
		"twice in words": {"a,b,b\nu,v,x\nu,w,y\n", TableOptions{}, []string{`columns 1 and 2, from 0, are both called "b"`}},
		"no name":        {"1,2\n", TableOptions{Names: []string{"x", ""}}, []string{"the name of column 1 is empty"}},
		"names":          {"1,2\n", TableOptions{Names: []string{"x"}}, []string{"1 names for 2 columns"}},
		"target":         {"age,income\n1,2\n", TableOptions{Target: "incom"}, []string{`no column "incom"`, `did you mean "income"?`, "target"}},
		"target of many": {"a,b\n1,2\n", TableOptions{Target: "profit"}, []string{`got "a", "b"`}},
		"weight":         {"a,b\n1,2\n", TableOptions{Weight: "w"}, []string{`no column "w"`, "weight"}},
		"skip column":    {"a,b\n1,2\n", TableOptions{Skip: []string{"zzz"}}, []string{`no column "zzz"`, "skip"}},
		"kind":           {"a,b\n1,2\n", TableOptions{Columns: map[string]string{"a": "number"}}, []string{`kind "number" of column "a"`}},
		"kind of":        {"a,b\n1,2\n", TableOptions{Columns: map[string]string{"q": "numeric"}}, []string{`no column "q"`, "columns"}},
		"skipped target": {"a,b\n1,2\n", TableOptions{Target: "a", Skip: []string{"a"}}, []string{`"a" is the target and also skipped`}},
		"header":         {"a,b\n1,2\n", TableOptions{Header: "maybe"}, []string{`header "maybe"`}},
		"format":         {"a,b\n1,2\n", TableOptions{Format: "xls"}, []string{`format "xls"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseTable(strings.NewReader(c.text), "f.csv", c.o)
			wantError(t, err, c.want...)
		})
	}
}

func TestTableTarget(t *testing.T) {
	for _, c := range []struct {
		text string
		o    TableOptions
		want string
	}{
		{"a,b\n1,2\n", TableOptions{}, ""},
		{"a,Target,b\n1,2,3\n", TableOptions{}, "Target"},
		{"y,label,b\n1,2,3\n", TableOptions{}, "label"},
		{"1,2\n3,4\n", TableOptions{}, "c1"},
		{"1,2\n3,4\n", TableOptions{Target: "0"}, "c0"},
		{"a,b\n3,4\n", TableOptions{Target: "b"}, "b"},
		{"a,b\n3,4\n", TableOptions{Target: "0"}, "a"},
	} {
		if got := parse(t, c.text, c.o).Target(); got != c.want {
			t.Errorf("%q %+v: target %q, want %q", c.text, c.o, got, c.want)
		}
	}
}

func TestTableLines(t *testing.T) {
	table := parse(t, "skip\na,b\n\n\"1\n1\",2\n3,4\n", TableOptions{SkipLines: 1})
	if got := []int{table.Line(0), table.Line(1)}; !slices.Equal(got, []int{4, 6}) {
		t.Errorf("lines %v, want 4 and 6", got)
	}
}

func TestReadTableFiles(t *testing.T) {
	dir := t.TempDir()
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write([]byte("a\tb,c\n1\t2\n"))
	z.Close()
	for name, content := range map[string][]byte{"t.tsv.gz": gz.Bytes(), "t.TSV": []byte("a\tb,c\n1\t2\n"), "odd": gz.Bytes()} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		table, err := ReadTable(path, TableOptions{})
		if err != nil {
			t.Fatal(name, err)
		}
		if got := dump(table); got != "a,b,c:1,2;" {
			t.Errorf("%s: %q", name, got)
		}
	}
	_, err := ReadTable(filepath.Join(dir, "none.csv"), TableOptions{})
	wantError(t, err, "none.csv", "no such file")
	path := filepath.Join(dir, "cut.csv.gz")
	os.WriteFile(path, gz.Bytes()[:len(gz.Bytes())-6], 0o666)
	_, err = ReadTable(path, TableOptions{})
	wantError(t, err, "cut.csv.gz", "unexpected EOF")
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"income", "incom", 1}, {"ab", "ba", 2}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for cell, want := range map[string]float64{"1": 1, "-2.5": -2.5, "+3": 3, "1e3": 1000, "1E-2": 0.01, ".5": 0.5, "5.": 5, "007": 7} {
		if v, ok := parseNumber([]byte(cell)); !ok || v != want {
			t.Errorf("%q is %v %v, want %v", cell, v, ok, want)
		}
	}
	for _, cell := range []string{"", "inf", "nan", "-", "1e", "0x10", "1_000", "1,5", "1e999", "e", "1 2", "1-2"} {
		if v, ok := parseNumber([]byte(cell)); ok {
			t.Errorf("%q is the number %v", cell, v)
		}
	}
}

// bigTable is a table of n rows: ten numbers, two names and a class.
func bigTable(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		for j := range 10 {
			fmt.Fprintf(&b, "%.4f,", float64((i*7919+j*104729)%100000)/37)
		}
		fmt.Fprintf(&b, "city%d,%s,%d\n", i%50, []string{"red", "green"}[i%2], i%3)
	}
	return b.Bytes()
}

func BenchmarkTable(b *testing.B) {
	text := bigTable(20000)
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := ParseTable(bytes.NewReader(text), "f", TableOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse,fit,encode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			t, err := ParseTable(bytes.NewReader(text), "f", TableOptions{})
			if err != nil {
				b.Fatal(err)
			}
			parts, _ := Split(t.Len(), 1, Part{"test", 0.2})
			s, err := t.Fit(parts[TrainPart], FitOptions{})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Encode(t); err != nil {
				b.Fatal(err)
			}
		}
	})
}
