package interactions

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPairsNames: pairs have the identifiers that were given, hashed or not, and
// the numbers of the catalog.
func TestPairsNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pairs.csv")
	if err := os.WriteFile(path, []byte("user,item\nbob,7\nann,9\nbob,9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	items := &Names{}
	items.AddInt(9)
	items.AddInt(7)
	c := &Catalog{Users: hashed(3), Items: items}
	p, err := c.Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range []string{"bob 7", "ann 9", "bob 9"} {
		user, item := p.Names(row)
		if user+" "+item != want {
			t.Errorf("row %d: %s %s, want %s", row, user, item, want)
		}
		number, _ := c.Users.Find(user)
		if at, _ := items.Find(item); int(p.User[row]) != number || int(p.Item[row]) != at {
			t.Errorf("row %d: numbers %d and %d, want %d and %d", row, p.User[row], p.Item[row], number, at)
		}
	}
	c.Users = &Names{}
	if _, err := c.Read(path, Options{}); err == nil || !strings.Contains(err.Error(), `pairs.csv:2: the model knows no user "bob"`) {
		t.Error(err)
	}
}
