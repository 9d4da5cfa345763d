package interactions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// grouped returns the rows of a table by user, in the order of the file for each.
func grouped(t *Table) *Table {
	rows := make([]int, t.Len())
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, func(a, b int) int { return int(t.User[a] - t.User[b]) })
	return t.Rows(rows)
}

// someLines is text of interactions at random, with what stands before identifiers.
func someLines(rows int, prefix string) string {
	r := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString("user,item,rating,time\n")
	for i := range rows {
		fmt.Fprintf(&text, "%s%d,%d,%g,%d\n", prefix, r.IntN(40)*r.IntN(9), r.IntN(70)*r.IntN(30), float64(r.IntN(10))/2, 978300760+i)
	}
	return text.String()
}

// all caches whatever the size.
var all = Cache{Limit: -1}

func load(t *testing.T, path string, o Options, c Cache) *Table {
	t.Helper()
	table, err := Load(context.Background(), path, o, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if table.Close != nil {
			table.Close()
		}
	})
	return table
}

// checkTables compares everything that tables say.
func checkTables(t *testing.T, got, want *Table) {
	t.Helper()
	if !slices.Equal(got.User, want.User) || !slices.Equal(got.Item, want.Item) || !slices.Equal(got.Value, want.Value) || !slices.Equal(got.Time, want.Time) {
		t.Fatalf("columns differ: got %v, want %v", got, want)
	}
	for _, names := range [][2]*Names{{got.Users, want.Users}, {got.Items, want.Items}} {
		if names[0].Len() != names[1].Len() {
			t.Fatalf("%d names, want %d", names[0].Len(), names[1].Len())
		}
		for i := range names[0].Len() {
			name := names[0].Name(i)
			if at, ok := names[0].Find(name); name != names[1].Name(i) || at != i || !ok {
				t.Fatalf("name %d is %q and found at %d, %v; want %q", i, name, at, ok, names[1].Name(i))
			}
		}
		if _, ok := names[0].Find("no such name"); ok {
			t.Error("a name is found that is not there")
		}
	}
}

func TestCacheHasWhatTheFileHas(t *testing.T) {
	for name, text := range map[string]string{
		"integers": someLines(5000, ""),
		"texts":    someLines(5000, "u"),
		"pairs":    "user,item\n3,4\n3,5\n9,4\n3,4\n",
		"one":      "user,item\n3,4\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "clicks.csv", text)
			want, err := Read(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // made, and found again
				got := load(t, path, Options{}, all)
				checkTables(t, got, grouped(want))
				known, have := NewKnown(want), got.mapping.known
				if !slices.Equal(known.Start, have.Start) || !slices.Equal(known.Item, have.Item) {
					t.Errorf("known %v, want %v", have, known)
				}
			}
		})
	}
}

// TestCacheGroupsInBuckets converts more than a bucket holds, with a user who
// has more than that alone.
func TestCacheGroupsInBuckets(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		user := 7
		if i%2 == 0 {
			user = i % 1009
		}
		fmt.Fprintf(&text, "%d,%d\n", user, i%977)
	}
	path := write(t, "clicks.csv", text.String())
	want, err := Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkTables(t, load(t, path, Options{}, Cache{Limit: -1, bucket: 100}), grouped(want))
}

// TestCacheNamesGrow: names of a cache take further ones.
func TestCacheNamesGrow(t *testing.T) {
	for _, more := range []string{"1,99\n", "1,new\n"} {
		table := load(t, write(t, "clicks.csv", "user,item\n3,4\n3,5\n"), Options{}, all)
		added, err := table.ReadMore(write(t, "more.csv", "user,item\n"+more), Options{})
		if err != nil || added.User[0] != 1 || added.Item[0] != 2 || table.Items.Len() != 3 {
			t.Errorf("%v, %v", added, err)
		}
	}
}

func TestCacheIsFoundAgain(t *testing.T) {
	path := write(t, "clicks.csv", someLines(300, ""))
	conversions := 0
	c := Cache{Limit: -1, Progress: func(doing string, share float64) {
		if share < 0 || share > 1 {
			t.Errorf("%s: %v done", doing, share)
		}
		if strings.HasPrefix(doing, "reading") {
			conversions++
		}
	}}
	for _, step := range []struct {
		what string
		do   func() Options
		want int
	}{
		{"no cache", func() Options { return Options{} }, 1},
		{"nothing has changed", func() Options { return Options{} }, 1},
		{"other options", func() Options { return Options{Rating: None} }, 2},
		{"another time", func() Options { os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); return Options{Rating: None} }, 3},
		{"another size", func() Options {
			os.WriteFile(path, []byte("user,item\n1,2\n"), 0o644)
			os.Chtimes(path, time.Time{}, time.Unix(1e9, 0))
			return Options{Rating: None}
		}, 4},
	} {
		load(t, path, step.do(), c)
		if conversions != step.want {
			t.Errorf("%s: %d conversions, want %d", step.what, conversions, step.want)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 2 {
		t.Errorf("%v is left beside the file", entries)
	}
}

func TestSmallFilesStayInMemory(t *testing.T) {
	path := write(t, "clicks.csv", someLines(300, ""))
	if table := load(t, path, Options{}, Cache{}); table.mapping != nil || table.Close != nil {
		t.Error("a small file is cached")
	}
	if table := load(t, path, Options{}, Cache{Limit: 1000}); table.mapping == nil {
		t.Error("a file above the limit is not cached")
	}
}

func TestCacheRefusesDamage(t *testing.T) {
	path := write(t, "clicks.csv", someLines(300, "u"))
	load(t, path, Options{}, all)
	dir := path + CacheSuffix
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 12 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		file := filepath.Join(dir, e.Name())
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		flipped := slices.Clone(whole)
		flipped[len(flipped)/2] ^= 4
		if e.Name() == manifestName {
			flipped[0] = 'x'
		}
		for what, bytes := range map[string][]byte{"flipped": flipped, "cut": whole[:len(whole)-1], "empty": nil} {
			if e.Name() == manifestName && what == "cut" {
				continue // of its last line
			}
			os.WriteFile(file, bytes, 0o644)
			if _, err := Load(context.Background(), path, Options{}, all); err == nil || !strings.Contains(err.Error(), e.Name()) || !strings.Contains(err.Error(), "remove") {
				t.Errorf("%s, %s: %v", e.Name(), what, err)
			}
		}
		os.Remove(file)
		if _, err := Load(context.Background(), path, Options{}, all); err == nil || !strings.Contains(err.Error(), "remove") {
			t.Errorf("%s is not there: %v", e.Name(), err)
		}
		os.WriteFile(file, whole, 0o644)
	}
	load(t, path, Options{}, all)
}

// TestCacheInterrupted: an end in whatever phase leaves nothing, and what a
// killed conversion has left does no harm.
func TestCacheInterrupted(t *testing.T) {
	path := write(t, "clicks.csv", someLines(300, ""))
	want := grouped(load(t, path, Options{}, Cache{}))
	temp := path + CacheSuffix + ".tmp"
	stop := errors.New("stop")
	for at := 0; ; at++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		calls := 0
		table, err := Load(ctx, path, Options{}, Cache{Limit: -1, Progress: func(string, float64) {
			if calls++; calls > at {
				cancel(stop)
			}
		}})
		if err == nil {
			if calls > at+1 || at < 4 {
				t.Errorf("after call %d of %d the conversion went on", at, calls)
			}
			checkTables(t, table, want)
			table.Close()
			break
		}
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Fatalf("%v is left", entries)
		}
		os.Mkdir(temp, 0o755)
		os.WriteFile(filepath.Join(temp, fileUser), []byte("half"), 0o644)
	}
}

// TestUnwritable: a folder on a file system that is only read is one that cannot be
// written, a full one is an error.
func TestUnwritable(t *testing.T) {
	for err, want := range map[syscall.Errno]bool{syscall.EROFS: true, syscall.EACCES: true, syscall.ENOSPC: false} {
		if got := unwritable(fmt.Errorf("interactions: %w", &fs.PathError{Op: "mkdir", Path: "x", Err: err})); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestCacheRefuses(t *testing.T) {
	bad := write(t, "bad.csv", "user,item,rating\n1,2,3\n1,2,x\n")
	if _, err := Load(context.Background(), bad, Options{}, all); err == nil || !strings.Contains(err.Error(), "bad.csv:3") {
		t.Errorf("a bad cell: %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(bad)); len(entries) != 1 {
		t.Errorf("%v is left", entries)
	}
	path := write(t, "clicks.csv", "user,item\n1,2\n")
	os.Mkdir(path+CacheSuffix, 0o755)
	if _, err := Load(context.Background(), path, Options{}, all); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("a folder that is no cache: %v", err)
	}
	if _, err := Load(context.Background(), "none.csv", Options{}, all); err == nil {
		t.Error("no file")
	}
}
