package interactions

import (
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// TestHashedNames: an identifier is the bucket of its text, seen or not, in a
// table, in the cache and in a catalog.
func TestHashedNames(t *testing.T) {
	path := write(t, "clicks.csv", someLines(3000, "u"))
	o := Options{HashUsers: 50, HashItems: 20}
	table, err := Read(path, o)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range plain.User {
		user, item := plain.Users.Name(int(u)), plain.Items.Name(int(plain.Item[i]))
		if want := dataset.Bucket([]byte(user), 50); table.User[i] != want {
			t.Fatalf("%s is %d, want %d", user, table.User[i], want)
		}
		if want := dataset.Bucket([]byte(item), 20); table.Item[i] != want {
			t.Fatalf("%s is %d, want %d", item, table.Item[i], want)
		}
	}
	more, err := table.ReadMore(write(t, "more.csv", "user,item\nnew,12345\n"), Options{})
	if err != nil || table.Users.Len() != 50 || more.User[0] != dataset.Bucket([]byte("new"), 50) || more.Item[0] != dataset.Bucket([]byte("12345"), 20) {
		t.Errorf("further interactions: %v, %v", more, err)
	}
	c, err := ParseCatalog((&Catalog{Users: table.Users, Items: table.Items, Seen: NewKnown(table)}).Tensors())
	if err != nil {
		t.Fatal(err)
	}
	cached := load(t, path, o, Cache{Limit: -1, bucket: 100})
	if want := grouped(table); !slices.Equal(cached.User, want.User) || !slices.Equal(cached.Item, want.Item) || NewKnown(cached).Has(0, 0) != NewKnown(table).Has(0, 0) {
		t.Error("the cache has other interactions")
	}
	for where, names := range map[string]*Names{"table": table.Users, "catalog": c.Users, "cache": cached.Users} {
		at, ok := names.Find("somebody")
		if names.Len() != 50 || !ok || at != int(dataset.Bucket([]byte("somebody"), 50)) || names.Name(7) != "#7" {
			t.Errorf("%s: %d buckets, somebody is %d (%v), 7 is %s", where, names.Len(), at, ok, names.Name(7))
		}
	}
	if n := new(Names); n.AddInt(41) != 0 || hashed(9).AddInt(41) != dataset.Bucket([]byte("41"), 9) {
		t.Error("integers are hashed as they are written")
	}
	if _, err := Read(path, Options{HashUsers: -1}); err == nil || !strings.Contains(err.Error(), "-1 buckets for hashed users") {
		t.Errorf("%v", err)
	}
}
