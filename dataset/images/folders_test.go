package images

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestDivide(t *testing.T) {
	for _, c := range []struct {
		files string
		want  string // of each part: class=files, ...
	}{
		{"a/1.png b/2.png b/c/3.png", "a=1 b=2 | |"},
		{"a/1.png 2.png", "a=1 loose=1 | |"},
		{"1.png 2.png", "loose=2 | |"},
		{"train/a/1.png train/b/2.png test/a/3.png", "a=1 b=1 | | a=1"},
		{"Training/a/1.png VALID/b/2.png", "a=1 | b=1 |"},
		{"data/x/train/a/1.png data/x/val/a/2.png", "a=1 | a=1 |"},
		{"photos/a/1.png photos/b/2.png", "a=1 b=1 | |"},
		{"photos/a/1.png photos/a/2.png", "photos=2 | |"},
		{"train/1.png bus/2.png", "bus=1 train=1 | |"},
		{"train/1.png test/2.png", "loose=1 | | loose=1"},
		{"train.png", "loose=1 | |"},
	} {
		var files []file
		for _, name := range strings.Fields(c.files) {
			files = append(files, file{path: name})
		}
		sortFiles(files)
		all, err := divide(files)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range all {
			var part []string
			if l != nil {
				counts := make([]int, len(l.classes))
				for _, y := range l.labels {
					counts[y]++
				}
				for i, name := range l.classes {
					part = append(part, fmt.Sprintf("%s=%d", name, counts[i]))
				}
				if l.loose > 0 {
					part = append(part, fmt.Sprintf("loose=%d", l.loose))
				}
			}
			got = append(got, strings.Join(part, " "))
		}
		if s := strings.Join(strings.Fields(strings.Join(got, " | ")), " "); s != strings.Join(strings.Fields(c.want), " ") {
			t.Errorf("%s: %s, want %s", c.files, s, c.want)
		}
	}
	if _, err := divide([]file{{path: "TRAIN/a/1.png"}, {path: "train/a/1.png"}}); err == nil {
		t.Error("two folders for training are taken")
	}
}

// layout is files of images, and others that are none of them.
var layout = []string{"set/train/a/1.png", "set/train/b b/2.JPG", "set/train/b b/x/3.png", "set/test/a/4.png", "set/train/a/note.txt", "set/.x/5.png", "__MACOSX/set/train/a/._1.png"}

func checkLayout(t *testing.T, path string) *Parts {
	t.Helper()
	p := load(t, path, Options{})
	if !slices.Equal(p.Train.Labels, []int32{0, 1, 1}) || p.Train.Name(1) != "set/train/b b/2.JPG" || p.Test.Len() != 1 || p.Val != nil {
		t.Errorf("%s: labels %v, %d for testing", path, p.Train.Labels, p.Test.Len())
	}
	return p
}

func TestArchivesAreFolders(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "folder")
	var zipped, tarred bytes.Buffer
	z, g := zip.NewWriter(&zipped), gzip.NewWriter(&tarred)
	w := tar.NewWriter(g)
	for i := range layout {
		name := layout[len(layout)-1-i] // an archive has any order
		data := encoded(t, painted(6, 4), name)
		write(t, root, name, data)
		m, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		m.Write(data)
		w.WriteHeader(&tar.Header{Name: "./" + name, Typeflag: tar.TypeReg, Size: int64(len(data)), Mode: 0o644})
		w.Write(data)
	}
	z.Close()
	w.Close()
	g.Close()
	write(t, dir, "a.zip", zipped.Bytes())
	write(t, dir, "a.tar.gz", tarred.Bytes())
	want := checkLayout(t, root).Train
	for _, name := range []string{"a.zip", "a.tar.gz"} {
		if got := checkLayout(t, filepath.Join(dir, name)).Train; got.Sum() != want.Sum() {
			t.Errorf("%s: other pixels", name)
		}
	}
	write(t, dir, "cut.tar.gz", tarred.Bytes()[:tarred.Len()/2])
	if _, err := Load(context.Background(), filepath.Join(dir, "cut.tar.gz"), Options{}); err == nil || !strings.Contains(err.Error(), "cut.tar.gz") {
		t.Errorf("half an archive: %v", err)
	}
}

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights")
	}
	dir := t.TempDir()
	write(t, dir, "elsewhere/1.png", encoded(t, painted(3, 3), "1.png"))
	write(t, dir, "root/b/2.png", encoded(t, painted(3, 3), "2.png"))
	link := func(to, from string) {
		if err := os.Symlink(filepath.Join(dir, to), filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	link("elsewhere", "root/a")
	link("elsewhere/1.png", "root/b/3.png")
	root := filepath.Join(dir, "root")
	if s := load(t, root, Options{}).Train; !slices.Equal(s.Labels, []int32{0, 1, 1}) {
		t.Errorf("labels %v", s.Labels)
	}
	link("nothing.png", "root/b/4.png")
	if p := load(t, root, Options{SkipCorrupt: true}); len(p.Skipped) != 1 || !strings.Contains(p.Skipped[0].Error(), "4.png: no such file") {
		t.Errorf("skipped %v", p.Skipped)
	}
	link("root", "root/b/loop")
	if _, err := Load(context.Background(), root, Options{}); err == nil || !strings.Contains(err.Error(), "loop is a link to a folder that it is in") {
		t.Errorf("a loop: %v", err)
	}
}

func TestFoldersRefused(t *testing.T) {
	image := encoded(t, painted(3, 3), "1.png")
	for _, c := range []struct {
		name, files, want string
		classes           []string
	}{
		{"none", "a/note.txt", "has no images (want a folder of images for each class", nil},
		{"loose", "1.png 2.png", "has 2 images in no folder", nil},
		{"one class", "a/1.png a/2.png", `one class only, "a"`, nil},
		{"other class for testing", "train/a/1.png train/b/1.png test/c/1.png", `the folder test/c is none of the classes (want ["a" "b"])`, nil},
		{"other class than a model's", "a/1.png b/1.png", `the folder b is none of the classes (want ["a" "x"])`, []string{"a", "x"}},
	} {
		dir := filepath.Join(t.TempDir(), c.name)
		for _, name := range strings.Fields(c.files) {
			write(t, dir, name, image)
		}
		_, err := Load(context.Background(), dir, Options{Format: FormatFolders, Classes: c.classes})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	dir := t.TempDir()
	write(t, dir, "b/1.png", image)
	if s := load(t, dir, Options{Classes: []string{"a", "b"}}).Train; s.Labels[0] != 1 {
		t.Errorf("label %d, want 1", s.Labels[0])
	}
	if _, err := Load(context.Background(), filepath.Join(dir, "b/1.png"), Options{Format: FormatFolders}); err == nil {
		t.Error("a file is taken for a folder")
	}
}

func TestMixedSizes(t *testing.T) {
	dir := t.TempDir()
	for i, size := range [][2]int{{300, 200}, {70, 90}, {120, 110}} {
		name := fmt.Sprintf("%c/1.png", 'a'+i)
		write(t, dir, name, encoded(t, painted(size[0], size[1]), name))
	}
	if p := load(t, dir, Options{}); p.Train.Height != 96 || p.Train.Width != 96 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "become 96x96: the median of their shorter sides is 110") {
		t.Errorf("%dx%d, want 96x96: %q", p.Train.Width, p.Train.Height, p.Notes)
	}
	if s := load(t, dir, Options{Height: 20, Width: 30, Channels: 1}).Train; s.Height != 20 || s.Width != 30 || s.Channels != 1 {
		t.Errorf("%dx%dx%d, want 30x20x1", s.Width, s.Height, s.Channels)
	}
	for _, c := range []struct {
		forms         []form
		height, width int
	}{
		{[]form{{width: 640, height: 480}, {width: 640, height: 480}}, 128, 128},
		{[]form{{width: 160, height: 120}, {width: 160, height: 120}}, 120, 160},
		{[]form{{width: 20, height: 30}, {width: 30, height: 20}}, 20, 20},
	} {
		if h, w, why := autoSize(c.forms); h != c.height || w != c.width || (why == "") != (h == 120) {
			t.Errorf("%v: %dx%d, want %dx%d", c.forms, w, h, c.width, c.height)
		}
	}
}
