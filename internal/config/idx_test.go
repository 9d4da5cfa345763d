package config

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeIDX writes IDX files of n images of 2 by 2 and their labels.
func writeIDX(t *testing.T, dir, part string, n int) {
	t.Helper()
	x, y := []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
	for _, d := range []int{n, 2, 2} {
		x = binary.BigEndian.AppendUint32(x, uint32(d))
	}
	y = binary.BigEndian.AppendUint32(y, uint32(n))
	for i := range n {
		x, y = append(x, 1, 2, 3, byte(i)), append(y, byte(i%2))
	}
	for name, data := range map[string][]byte{"-images-idx3-ubyte": x, "-labels-idx1-ubyte": y} {
		if err := os.WriteFile(filepath.Join(dir, part+name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTestImagesAreOptional: a folder without test images is refused only where
// they are asked for.
func TestTestImagesAreOptional(t *testing.T) {
	one, both := t.TempDir(), t.TempDir()
	writeIDX(t, one, "train", 20)
	writeIDX(t, both, "train", 20)
	writeIDX(t, both, "t10k", 6)
	for data, want := range map[string]string{
		one:                           "20 -1 -1",
		one + ", split: {test: 20%}":  "16 -1 4",
		one + ", test: " + both:       "20 -1 6",
		both:                          "20 -1 6",
		both + ", split: {test: 20%}": "16 -1 4",
	} {
		c := mustParse(t, "data: {train: "+data+"}")
		s, err := c.Load(nil)
		if err != nil {
			t.Errorf("%s: %v", data, err)
			continue
		}
		if got := lengths(s); got != want {
			t.Errorf("%s: %s, want %s", data, got, want)
		}
		if s2, err := mustParse(t, string(c.YAML())).Load(s.Schema); err != nil || lengths(s2) != want {
			t.Errorf("%s, resolved: %v", data, err)
		}
	}
	for _, key := range []string{"test", "val"} {
		_, err := mustParse(t, "data: {train: "+both+", "+key+": "+one+"}").Load(nil)
		if err == nil || !strings.Contains(err.Error(), "data."+key+": no "+idxTest+" in "+one) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
