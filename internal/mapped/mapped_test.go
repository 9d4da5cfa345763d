package mapped

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCreateAndOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "column")
	f, err := Create(path, 4*10_000+3)
	if err != nil {
		t.Fatal(err)
	}
	column := Slice[int32](f)
	if len(column) != 10_000 || slices.Max(column) != 0 {
		t.Fatalf("%d numbers (want 10000 zeros)", len(column))
	}
	for i := range column {
		column[i] = int32(i)
	}
	if err := errors.Join(f.Sync(), f.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	g, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	g.Soon(5, 9000)
	g.Drop(5, 40_003)
	for i, v := range Slice[int32](g) {
		if v != int32(i) {
			t.Fatalf("number %d is %d", i, v)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Create(path, 1); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
}

func TestEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty")
	f, err := Create(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if f, err = Open(path); err != nil || len(f.Bytes()) != 0 || Slice[int64](f) != nil {
		t.Errorf("%v, %v", f, err)
	}
	f.Soon(0, 0)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestTempHasNoName(t *testing.T) {
	dir := t.TempDir()
	f, err := Temp(dir, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	Slice[int64](f)[8191] = 7
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder is opened")
	}
	if _, err := Temp(filepath.Join(t.TempDir(), "none"), 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Create(filepath.Join(t.TempDir(), "large"), 1<<60); err == nil {
		t.Error("2^60 bytes are reserved")
	}
}

func TestSpan(t *testing.T) {
	f := &File{data: slices.Clip(make([]byte, 3*page+10))}
	for _, c := range []struct {
		from, to int64
		wide     bool
		want     int64
	}{
		{1, 2, true, page}, {1, 2, false, 0}, {0, page, false, page}, {1, 2 * page, false, page},
		{page - 1, page + 1, true, 2 * page}, {3 * page, 3*page + 10, false, 10}, {3 * page, 3*page + 5, true, 10}, {3 * page, 3*page + 5, false, 0}, {3*page + 1, 3*page + 10, true, 10},
	} {
		if got := int64(len(f.span(c.from, c.to, c.wide))); got != c.want {
			t.Errorf("span(%d, %d, %v) has %d bytes, want %d", c.from, c.to, c.wide, got, c.want)
		}
	}
}
