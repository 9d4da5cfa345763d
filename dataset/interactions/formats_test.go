package interactions

import (
	"archive/zip"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestFormats: the same interactions in every format.
func TestFormats(t *testing.T) {
	want := []string{"1 2 5 @978300760", "1 661 3 @978302109", "7 2 4 @978301968"}
	for name, text := range map[string]string{
		"ratings.dat": "1::2::5::978300760\n1::661::3::978302109\n7::2::4::978301968\n",
		"u.data":      "1\t2\t5\t978300760\n1\t661\t3\t978302109\n7\t2\t4\t978301968\n",
		"a.csv":       "\xef\xbb\xbfuserId;movieId;rating;timestamp\r\n1;2;5.0;978300760\r\n1;661;3.0;978302109\r\n\r\n7;2;4.0;978301968",
		"a.txt":       "1 2 5 978300760\n1 661 3 978302109\n7 2 4 978301968\n",
		"a.jsonl":     `{"user":1,"item":2,"rating":5,"ts":978300760,"tags":{"a":[1]}}` + "\n" + `{"user":1,"item":661,"rating":3,"ts":978302109}` + "\n" + `{"item":2,"user":"7","rating":4.0,"ts":"2000-12-31T22:32:48Z","more":1}`,
		"a.json":      `[{"user":1,"item":2,"rating":5,"ts":978300760}, {"user":1,"item":661,"rating":3,"ts":978302109},{"item":2,"user":"7","rating":4.0,"ts":978301968}]`,
	} {
		for _, packed := range []bool{false, true} {
			path := write(t, name, text)
			if packed {
				path = pack(t, name, text)
			}
			table, err := Read(path, Options{})
			if err != nil {
				t.Error(err)
				continue
			}
			if got := spelled(table); !slices.Equal(got, want) {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "ml.zip")
	writeZip(t, path, map[string]string{"ml/README": "", "ml/ratings.dat": "1::2::5::978300760\n"})
	table, err := Read(path, Options{})
	if err != nil || !slices.Equal(spelled(table), want[:1]) {
		t.Errorf("%v %v", table, err)
	}
	writeZip(t, path, map[string]string{"ml/README": ""})
	_, err = Read(path, Options{})
	wantError(t, err, "ml.zip", "u.data")
}

// pack writes a text packed by gzip.
func pack(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := gzip.NewWriter(f)
	w.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeZip(t *testing.T, path string, members map[string]string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, text := range members {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestParquet: several groups of rows and pages, missing values, lists that
// are left out, and only the columns that are asked for.
func TestParquet(t *testing.T) {
	type row struct {
		Tags []string `parquet:"tags,list"`
		U    int64    `parquet:"u"`
		I    string   `parquet:"i,dict"`
		R    *float64 `parquet:"r"`
		Day  int32    `parquet:"day,date"`
	}
	path := filepath.Join(t.TempDir(), "clicks.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[row](f, parquet.PageBufferSize(1<<10), parquet.MaxRowsPerRowGroup(700))
	half, n := 0.5, 3000
	for i := range n {
		w.Write([]row{{U: int64(i % 37), I: string(rune('a' + i%26)), R: &half, Day: int32(i), Tags: make([]string, i%3)}})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	table, err := Read(path, Options{Time: "day"})
	if err != nil {
		t.Fatal(err)
	}
	if table.Len() != n || table.Users.Len() != 37 || table.Items.Len() != 26 {
		t.Fatal(table)
	}
	for i := range n {
		if table.Users.Name(int(table.User[i])) != table.Users.Name(i%37) || table.Item[i] != int32(i%26) || table.Value[i] != 0.5 || table.Time[i] != int64(i)*86400 {
			t.Fatalf("row %d: %v", i, spelled(table.Rows([]int{i})))
		}
	}
	_, err = Read(path, Options{Time: "tags"})
	wantError(t, err, `no column "tags"`, "u, i, r, day")
	_, err = Read(write(t, "a.parquet", "PAR1 and no more"), Options{})
	wantError(t, err, "a.parquet", "Parquet")
}

// TestLists: the files of the NCF papers.
func TestLists(t *testing.T) {
	table, err := Read(write(t, "ml-1m.train.lists", "0 0 1 2\n1 2 0\n2\n3 5\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := spelled(table); !slices.Equal(got, []string{"0 0", "0 1", "0 2", "1 2", "1 0", "3 5"}) {
		t.Error(got)
	}
	candidates, err := table.ReadCandidates(write(t, "ml-1m.test.negative", "(0,5)\t2\t7\n(1,7)\t5\t1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(candidates.User, []int32{0, 1}) || !slices.Equal(candidates.Item, []int32{3, 2, 4, 4, 3, 1}) || candidates.Count != 3 {
		t.Error(candidates)
	}
	for text, parts := range map[string][]string{
		"(0,5)\t2\t7\n(1,7)\t5\n": {"a.negative:2", "1 items", "want 2"},
		"(0,5)\t2\t7\n1,7\t5\t3":  {"a.negative:2", "(user,item)"},
		"":                        {"no interactions"},
	} {
		_, err := table.ReadCandidates(write(t, "a.negative", text))
		wantError(t, err, parts...)
	}
}

// TestSeveralFiles are read one behind another.
func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"part-1.csv": "u,i\n1,2\n", "part-2.csv": "i,u\n3,1\n", "other.csv": "u,i,r\n1,2,3\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table, err := Read(filepath.Join(dir, "part-*.csv"), Options{})
	if err != nil || !slices.Equal(spelled(table), []string{"1 2", "1 3"}) {
		t.Error(table, err)
	}
	_, err = Read(filepath.Join(dir, "part-1.csv")+","+filepath.Join(dir, "other.csv"), Options{})
	wantError(t, err, "differ")
}

// TestMovieLens reads what is there of the real files.
func TestMovieLens(t *testing.T) {
	const folder = "../../../shared/data/"
	for _, c := range []struct {
		path               string
		rows, users, items int
		value              bool
		firstUser          string
	}{
		{"movielens-100k/u.data.gz", 100000, 943, 1682, true, "196"},
		{"movielens-latest-small/ml-latest-small.zip", 100836, 610, 9724, true, "1"},
		{"movielens-1m-ncf/ml-1m.train.lists.gz", 994169, 6040, 3704, false, "0"},
	} {
		if _, err := os.Stat(folder + c.path); err != nil {
			t.Skip("no data: ", err)
		}
		table, err := Read(folder+c.path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if table.Len() != c.rows || table.Users.Len() != c.users || table.Items.Len() != c.items || (table.Value != nil) != c.value {
			t.Errorf("%s: %v", c.path, table)
		}
		if table.Users.Name(0) != c.firstUser {
			t.Errorf("%s: the first user is %s", c.path, table.Users.Name(0))
		}
	}
	table, err := Read(folder+"movielens-1m-ncf/ml-1m.train.lists.gz", Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := table.ReadCandidates(folder + "movielens-1m-ncf/ml-1m.test.negative.gz")
	if err != nil || c.Len() != 6040 || c.Count != 100 || table.Items.Len() != 3706 {
		t.Error(c.Len(), c.Count, table, err)
	}
}
