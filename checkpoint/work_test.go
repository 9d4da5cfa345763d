package checkpoint

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSettle: a folder is emptied but for its lock, and takes the place of an old one.
func TestSettle(t *testing.T) {
	temp, dir := filepath.Join(t.TempDir(), "new"), filepath.Join(t.TempDir(), "old")
	lock, err := LockDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(temp, "stale"), filepath.Join(dir, "before")} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := Empty(temp); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(temp); len(entries) != 1 || entries[0].Name() != LockName {
		t.Fatalf("emptied folder has %v, want its lock", entries)
	}
	if err := os.WriteFile(filepath.Join(temp, "after"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Settle(temp, dir, lock); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || entries[0].Name() != "after" {
		t.Errorf("settled folder has %v, want after", entries)
	}
	if _, err := os.Stat(temp); !os.IsNotExist(err) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
}
