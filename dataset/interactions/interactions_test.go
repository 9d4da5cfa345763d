package interactions

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write writes a file of a test and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Fatalf("error %v, want one with %q", err, part)
		}
	}
}

// spelled is the interactions of a table by identifiers.
func spelled(t *Table) []string {
	out := make([]string, t.Len())
	for i := range out {
		out[i] = t.Users.Name(int(t.User[i])) + " " + t.Items.Name(int(t.Item[i]))
		if t.Value != nil {
			out[i] += fmt.Sprint(" ", t.Value[i])
		}
		if t.Time != nil {
			out[i] += fmt.Sprint(" @", t.Time[i])
		}
	}
	return out
}

func TestReadSeparated(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          Options
		want       []string
	}{
		{"a.csv", "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n7,31,3,1260759179\n", Options{}, []string{"1 31 2.5 @1260759144", "7 31 3 @1260759179"}},
		{"a.csv", "when,what,who\n2020-01-02,apple,ann\n2020-01-03,\"a, b\",bob\n", Options{User: "who", Item: "what", Time: "when"}, []string{"ann apple @1577923200", "bob a, b @1578009600"}},
		{"a.tsv", "1\t2\t3\n2\t2\t1\n", Options{}, []string{"1 2 3", "2 2 1"}},
		{"a.tsv", "1\t2\t3\n2\t2\t1\n", Options{User: "1", Item: "0", Rating: None}, []string{"2 1", "2 2"}},
		{"a.csv", "user,item,rating\n1,2,3\n", Options{Rating: None}, []string{"1 2"}},
	} {
		table, err := Read(write(t, c.name, c.text), c.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := spelled(table); !slices.Equal(got, c.want) {
			t.Errorf("%q is %q, want %q", c.text, got, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for text, parts := range map[string][]string{
		"":                             {"no interactions"},
		"user,item\n":                  {"no interactions"},
		"user,item,rating\n1,2,x\n":    {"a.csv:2", `column "rating"`, `"x"`, "a number"},
		"user,item,time\n1,2,4\n1,3,":  {"a.csv:3", `column "time"`},
		"user,item\n1,2\n,3\n":         {"a.csv:3", `column "user"`},
		"user,item,rating\n1,2,3\n1,2": {"a.csv:3", "2 cells (want at least 3)"},
		"who,item,rating\n1,2,3\n":     {"data.user", "who, item, rating"},
	} {
		_, err := Read(write(t, "a.csv", text), Options{})
		wantError(t, err, parts...)
	}
	_, err := Read(write(t, "a.csv", "user,item\n1,2\n"), Options{User: "who"})
	wantError(t, err, `no column "who"`)
	_, err = Read(write(t, "a.csv", "user,item\n1,2\n"), Options{User: "user", Item: "user"})
	wantError(t, err, "twice")
}

// TestNames: numbers in order of first appearance, found again, by integers and
// by text, and when the first text comes late.
func TestNames(t *testing.T) {
	for _, form := range []string{"%d", "user %d", "%03d"} {
		var n Names
		for round := range 2 {
			for i := range 5000 {
				id := fmt.Sprintf(form, (i-100)*7919)
				if got := n.Add([]byte(id)); int(got) != i {
					t.Fatalf("round %d: %q is number %d, want %d", round, id, got, i)
				}
			}
		}
		for i := range n.Len() {
			if at, ok := n.Find(n.Name(i)); !ok || at != i {
				t.Fatalf("%q is found at %d", n.Name(i), at)
			}
		}
		if _, ok := n.Find("none"); ok || n.Len() != 5000 {
			t.Error("found what is not there")
		}
	}
	var mixed Names
	for i, id := range []string{"5", "-7", "0", "x", "", "05", "9999999999999999999", "5", "-0"} {
		want := []int32{0, 1, 2, 3, 4, 5, 6, 0, 7}[i]
		if got := mixed.Add([]byte(id)); got != want {
			t.Errorf("%q is number %d, want %d", id, got, want)
		}
	}
	if mixed.AddInt(-7) != 1 || mixed.Name(1) != "-7" || mixed.Name(4) != "" {
		t.Error("integers among texts")
	}
	var none Names
	if _, ok := none.Find("1"); ok {
		t.Error("found among none")
	}
}

func TestKnown(t *testing.T) {
	table := &Table{User: []int32{2, 0, 2, 2, 0}, Item: []int32{5, 1, 3, 5, 0}, Users: &Names{}, Items: &Names{}}
	for u := range 4 {
		table.Users.AddInt(int64(u))
	}
	k := NewKnown(table, table)
	if !slices.Equal(k.Start, []int64{0, 2, 2, 4, 4}) || !slices.Equal(k.Item, []int32{0, 1, 3, 5}) {
		t.Fatal(k)
	}
	for user := range int32(6) {
		for item := range int32(7) {
			want := user == 0 && item < 2 || user == 2 && (item == 3 || item == 5)
			if k.Has(user, item) != want {
				t.Errorf("user %d, item %d: %v", user, item, !want)
			}
		}
	}
}
