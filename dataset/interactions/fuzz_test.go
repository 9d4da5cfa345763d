package interactions

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead: whatever is in a file, in whatever format it is said to be, is read
// to a table that makes sense or refused.
func FuzzRead(f *testing.F) {
	names := []string{"a.csv", "a.tsv", "a.dat", "a.lists", "a.test.negative", "a.jsonl", "a.parquet", "a.zip"}
	for i, s := range []string{"user,item,rating\n1,2,3\n", "1\t2\t3\t4\n", "1::2::3::4\n", "0 1 2\n\n1 2\n", "(0,1)\t2\t3\n", `{"user":1,"item":2}`, "PAR1", "PK\x03\x04", "u;i\n\"1\n;2", "(,)\t\n", "::\n"} {
		f.Add([]byte(s), byte(i%len(names)))
	}
	f.Fuzz(func(t *testing.T, data []byte, name byte) {
		path := filepath.Join(t.TempDir(), names[int(name)%len(names)])
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		table, err := Read(path, Options{})
		if err != nil {
			return
		}
		if len(table.Item) != table.Len() || table.Value != nil && len(table.Value) != table.Len() || table.Time != nil && len(table.Time) != table.Len() {
			t.Fatal("columns of different lengths")
		}
		for i := range table.User {
			user, item := table.Users.Name(int(table.User[i])), table.Items.Name(int(table.Item[i]))
			if at, ok := table.Users.Find(user); !ok || at != int(table.User[i]) || item == "" {
				t.Fatalf("row %d: user %q, item %q", i, user, item)
			}
		}
	})
}
