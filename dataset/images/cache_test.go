package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
)

// photos makes a folder of 20 images, 5 of them for testing.
func photos(t testing.TB) string {
	dir := filepath.Join(t.TempDir(), "photos")
	for i := range 20 {
		part := "train"
		if i%4 == 3 {
			part = "test"
		}
		name := fmt.Sprintf("%s/%c/%02d.png", part, 'a'+i%2, i)
		if part == "test" {
			name = fmt.Sprintf("test/a/%02d.png", i)
		}
		write(t, dir, name, encoded(t, painted(30+i, 40-i), name))
	}
	return dir
}

var cacheOptions = Options{Height: 12, Width: 10, SkipCorrupt: true}

func cached(dir string) Options {
	o := cacheOptions
	o.Cache = dir
	return o
}

func TestCacheIsTheSame(t *testing.T) {
	dir, cache := photos(t), t.TempDir()
	write(t, dir, "train/a/000.png", []byte("nothing"))
	write(t, dir, "train/b/11.jpg", []byte("nothing"))
	want := load(t, dir, cached(CacheNone))
	for _, doing := range []string{"decoding images", ""} {
		o, told := cached(cache), ""
		o.Progress = func(doing string, share float64) { told = max(told, doing) }
		p := load(t, dir, o)
		if p.Cache == "" || !strings.HasPrefix(p.Cache, cache) || doing == "" && told != "" {
			t.Errorf("cache %q, told %q", p.Cache, told)
		}
		for part := range parts {
			a, b := *want.at(part), *p.at(part)
			if (a == nil) != (b == nil) {
				t.Fatalf("part %d: %v and %v", part, a, b)
			}
			if a == nil {
				continue
			}
			if !slices.Equal(a.Pixels, b.Pixels) || !slices.Equal(a.Labels, b.Labels) || !slices.Equal(a.Classes, b.Classes) || a.Sum() != b.Sum() || a.Name(a.Len()-1) != b.Name(b.Len()-1) {
				t.Errorf("part %d differs", part)
			}
		}
		if len(p.Skipped) != 2 || p.Skipped[0].Error() != want.Skipped[0].Error() {
			t.Errorf("skipped %v, want %v", p.Skipped, want.Skipped)
		}
	}
	o := cached(cache)
	o.SkipCorrupt = false
	if _, err := Load(context.Background(), dir, o); err == nil || !strings.Contains(err.Error(), "000.png") {
		t.Errorf("a cache with skipped files: %v", err)
	}
}

func TestCacheOfOtherFiles(t *testing.T) {
	dir, cache := photos(t), t.TempDir()
	first := load(t, dir, cached(cache))
	made := func(o Options) bool {
		any := false
		o.Progress = func(string, float64) { any = true }
		load(t, dir, o)
		return any
	}
	if made(cached(cache)) {
		t.Error("made again without a reason")
	}
	changed := filepath.Join(dir, "train/a/00.png")
	if err := os.Chtimes(changed, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !made(cached(cache)) {
		t.Error("a changed file is not noticed")
	}
	o := cached(cache)
	o.Resize = dataset.ResizePad
	if !made(o) || made(o) {
		t.Error("another way to resize is not noticed")
	}
	auto := cached(cache)
	auto.Height, auto.Width = 0, 0
	if !made(auto) || made(auto) {
		t.Error("the size that is decided is not kept")
	}
	found := load(t, dir, auto).Train
	auto.Height, auto.Width, auto.Channels, auto.Classes = found.Height, found.Width, found.Channels, found.Classes
	if made(auto) {
		t.Error("asked for as it was decided, it is made again")
	}
	auto.Height++
	if !made(auto) {
		t.Error("another size is not noticed")
	}
	if first.Train.Len() != 15 { // its pages are those of the first cache
		t.Error("the first cache is gone")
	}
}

// TestCacheGoesOn ends a conversion in the middle, and damages what it has left.
func TestCacheGoesOn(t *testing.T) {
	dir, cache := photos(t), t.TempDir()
	want := load(t, dir, cached(CacheNone)).Train.Sum()
	ctx, stop := context.WithCancel(context.Background())
	o := cached(cache)
	o.Progress = func(doing string, share float64) {
		if doing == "decoding images" && share > 0.5 {
			stop()
		}
	}
	if _, err := Load(ctx, dir, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	temp, err := filepath.Glob(filepath.Join(cache, "*.tmp"))
	if err != nil || len(temp) != 1 {
		t.Fatalf("left %v", temp)
	}
	f, err := os.OpenFile(filepath.Join(temp[0], "train.u8"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{1, 2, 3}, 0)
	f.Close()
	lock, err := checkpoint.LockDir(temp[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), dir, cached(cache)); !errors.Is(err, checkpoint.ErrLocked) {
		t.Errorf("while another decodes: %v", err)
	}
	lock.Unlock()
	decoded := 0
	o.Progress = func(doing string, share float64) {
		if doing == "decoding images" {
			decoded++
		}
	}
	if p := load(t, dir, o); p.Train.Sum() != want || decoded == 0 || decoded >= 15 {
		t.Errorf("%d images of 15 were decoded again", decoded)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "*.tmp")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestCacheDamaged(t *testing.T) {
	for file, change := range map[string]string{"cache.json": "{", "train.labels": "abcd", "train.names": "", "test.u8": "short"} {
		dir, cache := photos(t), t.TempDir()
		at := load(t, dir, cached(cache)).Cache
		write(t, at, file, []byte(change))
		if _, err := Load(context.Background(), dir, cached(cache)); err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "remove the folder") {
			t.Errorf("%s: %v", file, err)
		}
	}
	dir, cache := photos(t), t.TempDir()
	at := load(t, dir, cached(cache)).Cache
	if err := os.Remove(filepath.Join(at, manifestName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), dir, cached(cache)); err == nil || !strings.Contains(err.Error(), "in the place of a cache") {
		t.Errorf("a folder in the place of a cache: %v", err)
	}
}

// TestCacheBesides looks where a cache is by itself.
func TestCacheBesides(t *testing.T) {
	dir := photos(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	r := &reader{name: dir}
	for _, mode := range []os.FileMode{0o755, 0o555} {
		if err := os.Chmod(filepath.Dir(dir), mode); err != nil {
			t.Fatal(err)
		}
		dirs, err := r.cacheDirs()
		if err != nil || slices.Contains(dirs, dir+CacheSuffix) != (mode == 0o755) {
			t.Errorf("mode %o: %v, %v", mode, dirs, err)
		}
	}
	os.Chmod(filepath.Dir(dir), 0o755)
}

// TestCacheUnreadable: few images need no cache, so one that cannot be read is no
// reason to stop; one that was asked for is.
func TestCacheUnreadable(t *testing.T) {
	dir, file := photos(t), filepath.Join(t.TempDir(), "file")
	write(t, file, "", nil)
	t.Setenv("XDG_CACHE_HOME", file) // nothing can be in it, for anyone
	if p := load(t, dir, Options{}); p.Train.Len() == 0 {
		t.Error("no images")
	}
	if _, err := Load(context.Background(), dir, cached(filepath.Join(file, "cache"))); err == nil {
		t.Error("a cache in a file was fine")
	}
}

// TestMappedPixelsAreGivenUp reads more than may be resident.
func TestMappedPixelsAreGivenUp(t *testing.T) {
	p := load(t, photos(t), cached(t.TempDir()))
	d, err := NewDataset(p.Train, p.Train.Schema(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	buf, indices := dataset.NewBuffers(d.Fields(), 15), make([]int, 15)
	for range 2 * mostResident / readAround / len(indices) {
		if err := d.Gather(buf, 0, indices); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.Train.pages.read.Load(); n >= mostResident {
		t.Errorf("%d bytes counted", n)
	}
	if n := testing.AllocsPerRun(20, func() { d.Gather(buf, 0, indices) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
