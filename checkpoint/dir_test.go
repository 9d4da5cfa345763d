package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ns []string
	for _, f := range files {
		ns = append(ns, f.Name())
	}
	return ns
}

// save saves stateAt(update), with the best one at best.
func save(t *testing.T, d Dir, update, best uint64) string {
	t.Helper()
	s := stateAt(update)
	s.Best.Update = best
	path, err := d.Save(s)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileName(t *testing.T) {
	for _, u := range []uint64{0, 1, 42, 9999999999, 10000000000, 1<<64 - 1} {
		if got, ok := updateOf(FileName(u)); !ok || got != u {
			t.Errorf("%d: %s gives %d, %v", u, FileName(u), got, ok)
		}
	}
	for _, n := range []string{"", BestName, "update-1.safetensors", "update-00000000001.safetensors", "update-0000000001", "update-+000000001.safetensors", ".update-0000000001.safetensors.tmp-X"} {
		if u, ok := updateOf(n); ok {
			t.Errorf("%q is update %d, want none", n, u)
		}
	}
}

func TestDirKeeps(t *testing.T) {
	for _, c := range []struct {
		keep int
		want []string
	}{
		{1, []string{BestName, FileName(50)}},
		{2, []string{BestName, FileName(40), FileName(50)}},
		{0, []string{BestName, FileName(30), FileName(40), FileName(50)}},
		{-1, []string{BestName, FileName(10), FileName(20), FileName(30), FileName(40), FileName(50)}},
	} {
		d := Dir{Path: filepath.Join(t.TempDir(), "run", "checkpoints"), Keep: c.keep, Run: "digits-1"}
		for _, s := range [][2]uint64{{10, 10}, {20, 20}, {30, 20}, {40, 20}, {50, 20}} {
			if path := save(t, d, s[0], s[1]); path != filepath.Join(d.Path, FileName(s[0])) {
				t.Fatalf("saved at %s", path)
			}
		}
		if got := names(t, d.Path); !slices.Equal(got, c.want) {
			t.Errorf("keep %d: got %v, want %v", c.keep, got, c.want)
		}
		best, _, err := d.Best()
		if err != nil || best.Update != 20 {
			t.Errorf("keep %d: best %v, %v, want update 20", c.keep, best, err)
		}
		s, path, skipped, err := d.Latest()
		if err != nil || len(skipped) > 0 || s.Update != 50 || filepath.Base(path) != FileName(50) {
			t.Errorf("keep %d: latest %v at %s, skipped %v, %v", c.keep, s, path, skipped, err)
		}
	}
}

// Saved again, as after a resume, the best replaces itself and leaves nothing behind.
func TestDirSavesAgain(t *testing.T) {
	d := Dir{Path: t.TempDir(), Keep: 1}
	for range 2 {
		save(t, d, 10, 10)
		s := stateAt(10)
		s.Best.Update = 10
		if err := d.protect(filepath.Join(d.Path, FileName(10)), s); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := names(t, d.Path), []string{BestName, FileName(10)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A run that fell back must not lose what it then saves to the damaged file that is ahead.
func TestDirBehindNewer(t *testing.T) {
	d := Dir{Path: t.TempDir(), Keep: 1}
	save(t, d, 10, 3)
	put(t, filepath.Join(d.Path, FileName(99)), []byte("damaged"))
	save(t, d, 20, 3)
	if got, want := names(t, d.Path), []string{FileName(20), FileName(99)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDirRefusesOtherRun(t *testing.T) {
	d := Dir{Path: t.TempDir(), Run: "other"}
	if path, err := d.Save(stateAt(1)); err == nil || path != "" {
		t.Errorf("saved at %q", path)
	}
	write(t, filepath.Join(d.Path, FileName(1)), stateAt(1))
	_, _, skipped, err := d.Latest()
	if !errors.Is(err, ErrNone) || len(skipped) != 1 || !errors.Is(skipped[0], ErrMisnamed) || !strings.Contains(skipped[0].Error(), `"digits-1"`) {
		t.Errorf("got %v, skipped %v", err, skipped)
	}
}

func TestLatestOfNone(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, _, skipped, err := (Dir{Path: dir}).Latest(); !errors.Is(err, ErrNone) || skipped != nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, skipped %v, want %v and the directory", err, skipped, ErrNone)
		}
		if _, _, err := (Dir{Path: dir}).Best(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("best: got %v, want %v", err, os.ErrNotExist)
		}
	}
}

// Each fault of the newest file is reported and the one before it is used.
func TestLatestFallsBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(t *testing.T, d Dir, newest string)
		is    error
	}{
		"truncated": {func(t *testing.T, d Dir, p string) {
			b, _ := os.ReadFile(p)
			put(t, p, b[:len(b)-1])
		}, ErrTruncated},
		"empty": {func(t *testing.T, d Dir, p string) { put(t, p, nil) }, ErrTruncated},
		"bit flipped": {func(t *testing.T, d Dir, p string) {
			b, _ := os.ReadFile(p)
			b[len(b)-5] ^= 4
			put(t, p, b)
		}, ErrDamaged},
		"swapped": {func(t *testing.T, d Dir, p string) {
			b, _ := os.ReadFile(filepath.Join(d.Path, FileName(10)))
			put(t, p, b)
		}, ErrMisnamed},
		"other run's": {func(t *testing.T, d Dir, p string) {
			s := stateAt(30)
			s.Run = "digits-2"
			write(t, p, s)
		}, ErrMisnamed},
		"directory": {func(t *testing.T, d Dir, p string) {
			if err := errors.Join(os.Remove(p), os.Mkdir(p, 0o755)); err != nil {
				t.Fatal(err)
			}
		}, ErrKind},
		"plain": {func(t *testing.T, d Dir, p string) {
			if err := WriteTensors(p, samples(), nil); err != nil {
				t.Fatal(err)
			}
		}, ErrKind},
	} {
		t.Run(name, func(t *testing.T) {
			d := Dir{Path: t.TempDir(), Run: "digits-1"}
			save(t, d, 10, 3)
			save(t, d, 20, 3)
			newest := save(t, d, 30, 3)
			c.fault(t, d, newest)
			s, path, skipped, err := d.Latest()
			if err != nil || s.Update != 20 || path != filepath.Join(d.Path, FileName(20)) {
				t.Fatalf("got %v at %q, %v; want update 20", s, path, err)
			}
			equal(t, s.Tensors, stateAt(20).Tensors)
			if len(skipped) != 1 || !errors.Is(skipped[0], c.is) || !strings.Contains(skipped[0].Error(), newest) {
				t.Errorf("skipped %v, want one %v with the path", skipped, c.is)
			}
		})
	}
}

// When every numbered file is lost the best one is what is left.
func TestLatestFallsBackToBest(t *testing.T) {
	d := Dir{Path: t.TempDir()}
	save(t, d, 10, 10)
	for _, u := range []uint64{10, 20} {
		temp := filepath.Join(d.Path, "x")
		put(t, temp, nil)
		if err := os.Rename(temp, filepath.Join(d.Path, FileName(u))); err != nil { // not through the link
			t.Fatal(err)
		}
	}
	s, path, skipped, err := d.Latest()
	if err != nil || s.Update != 10 || filepath.Base(path) != BestName || len(skipped) != 2 {
		t.Errorf("got %v at %q, skipped %v, %v", s, path, skipped, err)
	}
}

func TestClean(t *testing.T) {
	d := Dir{Path: filepath.Join(t.TempDir(), "c")}
	if err := d.Clean(); err != nil {
		t.Errorf("missing directory: %v", err)
	}
	save(t, d, 1, 1)
	put(t, tempName(filepath.Join(d.Path, FileName(2))), []byte("half"))
	put(t, tempName(filepath.Join(d.Path, BestName)), nil)
	put(t, filepath.Join(d.Path, ".hidden"), nil)
	if err := d.Clean(); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, d.Path), []string{".hidden", BestName, FileName(1)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	lock, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	holder := fmt.Sprintf("process %d on ", os.Getpid())
	if _, err := LockDir(dir); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), holder) {
		t.Errorf("second lock: got %v, want %v that names %s and %s", err, ErrLocked, dir, holder)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := LockDir(dir)
	if err != nil {
		t.Fatalf("after unlock: %v", err)
	}
	again.Unlock()
}

func TestMakeDir(t *testing.T) {
	base := t.TempDir()
	t.Chdir(base)
	for _, dir := range []string{"a/b/c", "a/b/d", filepath.Join(base, "e"), "."} {
		if err := makeDir(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Errorf("%s is not a directory: %v", dir, err)
		}
	}
	put(t, "file", nil)
	if _, err := (Dir{Path: "file/x"}).Save(stateAt(1)); err == nil {
		t.Error("saved inside a file")
	}
	if _, err := LockDir("file"); err == nil {
		t.Error("locked a file")
	}
}

// TestBestAfterKill: a process that was killed between the checkpoint of the
// best update and its second name left the old one there; Resumed mends it.
func TestBestAfterKill(t *testing.T) {
	d := Dir{Path: t.TempDir()}
	for _, u := range []uint64{1, 2} {
		s := stateAt(u)
		s.Best = &Best{Metric: "loss", Update: 1}
		if _, err := d.Save(s); err != nil {
			t.Fatal(err)
		}
	}
	s := stateAt(3)
	s.Best = &Best{Metric: "loss", Update: 3}
	if err := Write(filepath.Join(d.Path, FileName(3)), s); err != nil {
		t.Fatal(err)
	}
	if best, _, err := d.Best(); err != nil || best.Update != 1 {
		t.Fatalf("best %v, %v; want that of update 1", best, err)
	}
	if err := d.Resumed(s); err != nil {
		t.Fatal(err)
	}
	if best, _, err := d.Best(); err != nil || best.Update != 3 {
		t.Errorf("best %v, %v; want that of update 3", best, err)
	}
}
