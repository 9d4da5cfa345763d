package interactions

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// anonymous returns the bytes of the process that are in no file.
func anonymous(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10
		}
	}
	t.Skip("the system does not tell anonymous memory")
	return 0
}

// TestAnonymousMemory converts, splits, draws and reads a file whose interactions
// take 120 MiB and more in memory, within 16 MiB.
func TestAnonymousMemory(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("a file of 60 MB")
	}
	const rows, users, items, bound = 3_000_000, 20_000, 5_000, 16 << 20
	path := filepath.Join(t.TempDir(), "clicks.csv")
	writeRows(t, path, rows, users, items)
	debug.FreeOSMemory()
	before, most := anonymous(t), int64(0)
	look := func() { most = max(most, anonymous(t)-before) }
	table := load(t, path, Options{}, Cache{Limit: -1, Progress: func(string, float64) { look() }})
	parts := Random(table, 1, 0.1, 0.1)
	look()
	training, known := table.Rows(parts.Train), NewKnown(table)
	neg := negatives(t, training, NegativeOptions{Count: 4, Sampler: Popularity, Known: known})
	look()
	ds := NewPointwise(training, neg)
	order, buf, indices := dataset.OrderOf(ds, 1), dataset.NewBuffers(ds.Fields(), 1000), make([]int, 1000)
	for i := 0; i < ds.Len()/2; i += len(indices) {
		order(indices, 0, i)
		if err := ds.Gather(buf, 0, indices); err != nil {
			t.Fatal(err)
		}
		if i%(1<<20) < len(indices) {
			look()
		}
	}
	ds.Digest()
	look()
	t.Logf("%.1f MiB at most, of a file of %d interactions", float64(most)/(1<<20), rows)
	if most > bound {
		t.Errorf("%d bytes of anonymous memory (want at most %d)", most, bound)
	}
}

// writeRows writes interactions, users by no order.
func writeRows(t *testing.T, path string, rows, users, items int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "user,item,rating,time")
	var line []byte
	for i := range uint64(rows) {
		h := mix(i)
		line = strconv.AppendUint(line[:0], h%uint64(users), 10)
		line = strconv.AppendUint(append(line, ','), h>>32%uint64(items), 10)
		line = append(line, ",3,"...)
		line = append(strconv.AppendUint(line, 1_500_000_000+i, 10), '\n')
		w.Write(line)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}
