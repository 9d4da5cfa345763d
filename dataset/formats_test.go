package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFormats(t *testing.T) {
	var zst bytes.Buffer
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte("a,b\n1,x\n"))
	z.Close()
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("a\tb\r\n1\té\r\n")) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, c := range []struct {
		name, content string
		o             TableOptions
		want          string
	}{
		{"t.csv.zst", zst.String(), TableOptions{}, "a,b:1,x;"},
		{"t.txt", string(wide), TableOptions{}, "a,b:1,é;"},
		{"t.csv", "a,b\n1,\xe9\n", TableOptions{Encoding: EncodingLatin1}, "a,b:1,é;"},
		{"t.csv", "a;b\n1,5;1.234,5\n", TableOptions{Comma: true}, "a,b:1.5,1234.5;"},
		{"t.csv", "a,b\n1\n2,3,4\n5,6\n", TableOptions{Ragged: RaggedPad}, "a,b:1,;2,3;5,6;"},
		{"t.csv", "a,b\n1\n2,3,4\n5,6\n", TableOptions{Ragged: RaggedSkip}, "a,b:5,6;"},
		{"t.jsonl", "{\"a\":1,\"b\":\" x \"}\n\n{\"b\":null,\"c\":{\"d\":true,\"e\":[1.50,2]}}\n", TableOptions{}, "a,b,c.d,c.e.0,c.e.1:1,x,,,;,,true,1.50,2;"},
		{"t.json", "[{\"a\":1},\n{\"a\":2}]\n", TableOptions{}, "a:1;2;"},
		{"t.svm", "1 1:0.5 3:2 # c\n\n-1 2:7\n", TableOptions{}, "target,1,2,3:1,0.5,0,2;-1,0,7,0;"},
	} {
		table, err := ReadTable(writeFile(t, c.name, c.content), c.o)
		if err != nil {
			t.Errorf("%s %q: %v", c.name, c.content, err)
		} else if got := dump(table); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	for _, c := range [][3]string{
		{"t.jsonl", "{\"a\":1}\n{\"a\":\n", "t.jsonl:"},
		{"t.jsonl", "{\"a\":1}\n3\n", "t.jsonl:2: got 3 (want an object"},
		{"t.jsonl", "{\"a\":1}\n\n{\"a\":1,\"a\":2}\n", `t.jsonl:3: the member "a" is there twice`},
		{"t.jsonl", "", "no rows"},
		{"t.svm", "1 2:1 1:3\n", `t.svm:1: index "1"`},
		{"t.svm", "1\n2 x\n", `t.svm:2: got "x" (want index:value)`},
		{"t.parquet", "PAR1 no such thing", "no Parquet file"},
		{"t.csv.zst", zst.String()[:zst.Len()-4], "t.csv.zst"},
	} {
		_, err := ReadTable(writeFile(t, c[0], c[1]), TableOptions{})
		wantError(t, err, c[2])
	}
}

func TestParquet(t *testing.T) {
	type inner struct {
		Tag string `parquet:"tag,dict"`
	}
	type row struct {
		ID    int64    `parquet:"id"`
		Price float64  `parquet:"price"`
		Small *float32 `parquet:"small,optional"`
		Name  string   `parquet:"name"`
		OK    bool     `parquet:"ok"`
		Day   int32    `parquet:"day,date"`
		At    int64    `parquet:"at,timestamp(millisecond)"`
		In    inner    `parquet:"in"`
	}
	half := float32(0.1)
	path := filepath.Join(t.TempDir(), "t.parquet")
	rows := []row{{1, 0.25, &half, "x, y", true, 19782, 1709164800123, inner{"u"}}, {2, -1e300, nil, "", false, 0, -1000, inner{"v"}}}
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	table, err := ReadTable(path, TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := "id,price,small,name,ok,day,at,in.tag:1,0.25,0.1,x, y,true,2024-02-29,2024-02-29 00:00:00,u;2,-1e+300,,,false,1970-01-01,1969-12-31 23:59:59,v;"
	if got := dump(table); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	type list struct {
		Tags []string `parquet:"tags,list"`
	}
	if err := parquet.WriteFile(path, []list{{[]string{"a"}}}); err != nil {
		t.Fatal(err)
	}
	_, err = ReadTable(path, TableOptions{})
	wantError(t, err, "tags", "is a list")
	whole, _ := os.ReadFile(path)
	for _, cut := range []int{5, len(whole) / 2, len(whole) - 9} {
		if err := os.WriteFile(path, whole[:cut], 0o666); err != nil {
			t.Fatal(err)
		}
		_, err = ReadTable(path, TableOptions{})
		wantError(t, err, "t.parquet")
	}
}

func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"p1.csv": "a,b\n1,2\n", "p2.csv": "b,a\n4,3\n\n6,5\n", "odd.csv": "a,c\n1,2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	table, err := ReadTable(filepath.Join(dir, "p*.csv"), TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := dump(table); got != "a,b:1,2;3,4;5,6;" || table.Line(2) != 4 {
		t.Errorf("%s, line %d", got, table.Line(2))
	}
	_, err = ReadTable(filepath.Join(dir, "p1.csv")+","+filepath.Join(dir, "odd.csv"), TableOptions{})
	wantError(t, err, "differ", `"b"`)
	odd := filepath.Join(dir, "q[1].csv")
	if err := os.WriteFile(odd, []byte("a,b\n7,x\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{odd, filepath.Join(dir, "p1.csv") + "," + odd} { // a name is no pattern
		if table, err := ReadTable(path, TableOptions{}); err != nil || table.Cell(table.Len()-1, 0) != "7" {
			t.Errorf("%s: %v", path, err)
		}
	}
	table, err = ReadTable(filepath.Join(dir, "p1.csv")+","+filepath.Join(dir, "p2.csv")+","+odd, TableOptions{Target: "a", Columns: map[string]string{"b": KindNumeric}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = table.Fit([]int{0, 1, 2}, FitOptions{}) // the row that is wrong is of the third file
	wantError(t, err, "q[1].csv:2:", `"x"`)
	_, err = ReadTable(filepath.Join(dir, "none*.csv"), TableOptions{})
	wantError(t, err, "none*.csv")
	if !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

// TestReadPieces: the pieces of a long table are the table, with its lines.
func TestReadPieces(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range 2*pieceRows + 5 {
		fmt.Fprintf(&b, "%d,w%d\n", i, i%7)
	}
	path := writeFile(t, "long.csv", b.String())
	rows, pieces := 0, 0
	err := ReadPieces(path, TableOptions{}, func(p *Table) error {
		for _, row := range []int{0, p.Len() - 1} {
			at := rows + row
			if p.Cell(row, 0) != fmt.Sprint(at) || p.Cell(row, 1) != fmt.Sprint("w", at%7) || p.Line(row) != at+2 {
				t.Fatalf("row %d of piece %d is %s %s on line %d", row, pieces, p.Cell(row, 0), p.Cell(row, 1), p.Line(row))
			}
		}
		rows += p.Len()
		pieces++
		return nil
	})
	if err != nil || rows != 2*pieceRows+5 || pieces != 3 {
		t.Errorf("%d rows in %d pieces, %v", rows, pieces, err)
	}
	stop := errors.New("stop")
	if err := ReadPieces(path, TableOptions{}, func(*Table) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	err = ReadPieces(writeFile(t, "bad.csv", b.String()+"1,2,3\n"), TableOptions{}, func(*Table) error { return nil })
	wantError(t, err, fmt.Sprintf("bad.csv:%d: 3 cells", 2*pieceRows+7))
}

// FuzzFormats: no input of JSON lines or libsvm panics, takes much memory, or
// makes columns of different lengths.
func FuzzFormats(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n{\"a\":{\"b\":[1,2]}}", "[{\"a\":null},{}]", "[", "{\"a\":1,\"a\":2}", "1 1:2 5:3 # c\n-1 qid:3 2:x", "1 9999:1", "\x00", "{}\n{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{FormatJSONL, FormatLibSVM} {
			path := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
			table, err := ReadTable(path, TableOptions{Format: format})
			if err != nil {
				continue
			}
			for col := range table.Names() {
				table.Cell(table.Len()-1, col)
			}
			table.Line(table.Len() - 1)
		}
	})
}
