package dataset

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/tokenizer"
)

const messages = `label,id,body
ham,1,"see you at ten, ok?"
spam,2,WIN a free prize
ham,3,at home
spam,4,free free free entry WIN now
ham,5,
`

func textTable(t testing.TB) *Table {
	t.Helper()
	table, err := ParseTable(strings.NewReader(messages), "messages.csv", TableOptions{Target: "label"})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestTexts: a column of texts becomes tokens with padding, by a tokenizer that
// has seen the training rows only and is kept in the schema.
func TestTexts(t *testing.T) {
	table := textTable(t)
	s := fit(t, table, []int{0, 1, 2}, FitOptions{Text: &TextOptions{Column: "body", Length: 4}})
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = ParseSchema(data); err != nil {
		t.Fatal(err)
	}
	ds, err := s.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, f := range ds.Fields() {
		names += f.String() + "; "
	}
	if names != "x i32 (4); length i32 (); y i32 (); " {
		t.Errorf("fields %s", names)
	}
	got := encoded(t, s, table)
	tok, err := s.Text.Load()
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range []string{"see you at ten", "win a free prize", "at home", "free free free <unk>", ""} {
		x := got["x"].I32()[4*row : 4*row+4]
		if text := tok.Decode(x); text != want || int(got["length"].I32()[row]) != len(strings.Fields(want)) {
			t.Errorf("row %d: %v, %q, length %d; want %q", row, x, text, got["length"].I32()[row], want)
		}
	}
	if !slices.Equal(got["y"].I32(), []int32{0, 1, 0, 1, 0}) {
		t.Errorf("y %v", got["y"].I32())
	}
	notes := strings.Join(s.Notes(), "\n")
	for _, want := range []string{"1 of 3 training texts have more than 4 tokens", "the longest has 7", `"id" is not used`} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q do not say %q", notes, want)
		}
	}
}

// TestPutText: a text by itself has the tokens that it has in a table, and
// encoding it allocates nothing.
func TestPutText(t *testing.T) {
	table := textTable(t)
	for _, kind := range tokenizer.Kinds() {
		o := FitOptions{Text: &TextOptions{Column: "body", Kind: kind, Config: tokenizer.Config{Size: 300}}}
		s := fit(t, table, []int{0, 1, 2, 3}, o)
		e, err := NewEncoder(s)
		if err != nil {
			t.Fatal(err)
		}
		got, x := encoded(t, s, table), make([]int32, s.Text.Length)
		if e.Len() != 1 || e.Column(0).Name != "body" || !e.Tokens() || s.Width() != len(x) {
			t.Errorf("%s: %d columns, width %d", kind, e.Len(), s.Width())
		}
		for row := range table.Len() {
			cell := cells.TextCell([]byte(table.Cell(row, 2)))
			n, err := e.PutText(&cell, x)
			if err != nil || n != got["length"].I32()[row] || !slices.Equal(x, got["x"].I32()[row*len(x):(row+1)*len(x)]) {
				t.Errorf("%s: row %d: %v, length %d (%v)", kind, row, x, n, err)
			}
		}
		cell := cells.TextCell([]byte("see you at ten, ok?"))
		if n := testing.AllocsPerRun(20, func() { _, _ = e.PutText(&cell, x) }); n != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations", kind, n)
		}
		if err := e.Put(0, &cell, nil, nil); err == nil {
			t.Error("Put takes a text")
		}
	}
}

func TestTextsRefuse(t *testing.T) {
	table := textTable(t)
	refuse := func(o TextOptions, parts ...string) {
		t.Helper()
		_, err := table.Fit([]int{0, 1}, FitOptions{Text: &o})
		wantError(t, err, parts...)
	}
	refuse(TextOptions{Column: "bdy"}, `no column "bdy"`, `"body"`)
	refuse(TextOptions{Column: "label"}, `"label" is the text and also the target`)
	refuse(TextOptions{Column: "body", Kind: "verbs"}, `column "body"`, `"verbs"`)
	_, err := table.Fit([]int{4}, FitOptions{Text: &TextOptions{Column: "body"}})
	wantError(t, err, "messages.csv", `column "body"`, "0 words")
	digits, err := tokenizer.Chars("0123456789")
	if err != nil {
		t.Fatal(err)
	}
	refuse(TextOptions{Column: "body", Tokenizer: digits}, "messages.csv:2", `column "body"`, `'s'`)
	s := fit(t, table, allRows(table), FitOptions{Text: &TextOptions{Column: "body"}})
	other, err := ParseTable(strings.NewReader("label,txet\nham,a\nspam,b\n"), "other.csv", TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Encode(other)
	wantError(t, err, "other.csv", `no column "body"`)
}

func TestQuotes(t *testing.T) {
	read := func(text string, o TableOptions) [][]string {
		t.Helper()
		o.Header, o.Format = "no", FormatTSV
		table, err := ParseTable(strings.NewReader(text), "quotes.tsv", o)
		if err != nil {
			t.Fatal(err)
		}
		var out [][]string
		for row := range table.Len() {
			out = append(out, []string{table.Cell(row, 0), table.Cell(row, 1)})
		}
		return out
	}
	const text = "a\t\"quoted\"\nb\tC:\\\\new\\tx\\n\\q\\\n\"c\t2\n"
	for quotes, want := range map[string][][]string{
		"":              {{"a", "quoted"}, {"b", `C:\\new\tx\n\q\`}, {`"c`, `2`}},
		QuotesNone:      {{"a", `"quoted"`}, {"b", `C:\\new\tx\n\q\`}, {`"c`, `2`}},
		QuotesBackslash: {{"a", `"quoted"`}, {"b", "C:\\new\tx\n\\q\\"}, {`"c`, `2`}},
	} {
		if got := read(text, TableOptions{Quotes: quotes}); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("quotes %q: %q, want %q", quotes, got, want)
		}
	}
	_, err := ParseTable(strings.NewReader(text), "quotes.tsv", TableOptions{Quotes: "angle"})
	wantError(t, err, `"angle"`, QuotesBackslash)
}

func TestLabeled(t *testing.T) {
	const text = "1 it 's \"good\" , \n\n0 bad\tand dull\n1\n0\tlast"
	table, err := ParseTable(strings.NewReader(text), "labeled", TableOptions{Format: FormatLabeled})
	if err != nil {
		t.Fatal(err)
	}
	if table.Target() != "label" || !slices.Equal(table.Names(), []string{"label", "text"}) || table.Len() != 4 || table.Line(1) != 3 {
		t.Errorf("target %q of %q, %d rows", table.Target(), table.Names(), table.Len())
	}
	for row, want := range []string{`it 's "good" ,`, "bad\tand dull", "", "last"} {
		if got := table.Cell(row, 1); got != want {
			t.Errorf("row %d: %q, want %q", row, got, want)
		}
	}
}

// TestRealSMS: the SMS collection is read as it is, quotes and all.
func TestRealSMS(t *testing.T) {
	path := filepath.Join(realData(t, "sms-spam"), "SMSSpamCollection.gz")
	table, err := ReadTable(path, TableOptions{Names: []string{"label", "body"}, Target: "label", Quotes: QuotesNone})
	if err != nil {
		t.Fatal(err)
	}
	found, err := ReadTable(path, TableOptions{})
	if err != nil || found.Len() != table.Len() {
		t.Errorf("without options: %d rows (%v)", found.Len(), err)
	}
	s := fit(t, table, allRows(table), FitOptions{Text: &TextOptions{Column: "body"}})
	ds, err := s.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	if got := classCounts(t, ds, 2); table.Len() != 5574 || !slices.Equal(got, []int{4827, 747}) {
		t.Errorf("%d rows, %v", table.Len(), got)
	}
	t.Logf("%d tokens, at most %d of a text; %v", s.Text.Vocab, s.Text.Length, s.Notes())
}

// textSmall extracts a file of the small sets of texts.
func textSmall(t *testing.T, name string) string {
	f, err := openFile(filepath.Join(realData(t, "text-small"), "text-small.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("no %s: %v", name, err)
		}
		if filepath.Base(h.Name) == name {
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
}

func TestRealShortTexts(t *testing.T) {
	for name, want := range map[string][]int{
		"TREC.train.all": {1162, 1250, 86, 1223, 896, 835}, "TREC.test.all": nil, "rt-polarity.all": {5331, 5331}, "subj.all": {5000, 5000},
		"stsa.binary.train": {3310, 3610}, "custrev.all": {1368, 2407}, "mpqa.all": {7294, 3312},
	} {
		table, err := ReadTable(textSmall(t, name), TableOptions{Format: FormatLabeled, Encoding: EncodingLatin1})
		if err != nil {
			t.Fatal(err)
		}
		s := fit(t, table, allRows(table), FitOptions{Text: &TextOptions{Column: "text"}})
		ds, err := s.Encode(table)
		if err != nil {
			t.Fatal(err)
		}
		got := classCounts(t, ds, len(s.Target.Classes))
		if want != nil && !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: %d rows, classes %v %v", name, table.Len(), s.Target.Classes, got)
		}
		t.Logf("%s: %d rows, %d words, length %d", name, table.Len(), s.Text.Vocab, s.Text.Length)
	}
}

// TestRealIMDB: the first of 25,000 long reviews, backslashes and all.
func TestRealIMDB(t *testing.T) {
	f, err := openFile(filepath.Join(realData(t, "imdb"), "imdb_train.tsv.bz2"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head, err := readExactly(f, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	head = head[:bytes.LastIndexByte(head, '\n')+1]
	table, err := ParseTable(bytes.NewReader(head), "imdb_train.tsv", TableOptions{Names: []string{"label", "id", "rating", "body"}, Target: "rating", Quotes: QuotesBackslash})
	if err != nil {
		t.Fatal(err)
	}
	s := fit(t, table, allRows(table), FitOptions{Task: TaskClassification, Text: &TextOptions{Column: "body", Config: tokenizer.Config{Size: 5000}}})
	if _, err := s.Encode(table); err != nil {
		t.Fatal(err)
	}
	if table.Len() != bytes.Count(head, []byte("\n")) || s.Text.Vocab != 5002 || s.Text.Length != mostLength {
		t.Errorf("%d rows, %d words, length %d", table.Len(), s.Text.Vocab, s.Text.Length)
	}
	written := 0
	for row := range table.Len() {
		written += strings.Count(table.Cell(row, 3), `\`)
	}
	if pairs := bytes.Count(head, []byte(`\\`)); written != pairs || pairs == 0 {
		t.Errorf("%d backslashes of %d pairs", written, pairs)
	}
}
