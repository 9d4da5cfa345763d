package images

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// painted returns an image whose pixels say where they are.
func painted(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(x + y), 255})
		}
	}
	return m
}

// encoded returns an image as PNG, or as JPEG.
func encoded(t testing.TB, m image.Image, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	encode := func() error { return png.Encode(&b, m) }
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".jpg" || ext == ".jpeg" {
		encode = func() error { return jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}) }
	}
	if err := encode(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// write makes a file below a folder, and the folders that it is in.
func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, path string, o Options) *Parts {
	t.Helper()
	p, err := Load(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cats/1.PNG", "cats/deeper/2.png", "dogs and ünicode/3.jpg", "cats/.hidden.png", "cats/notes.txt"} {
		write(t, dir, name, encoded(t, painted(5, 4), name))
	}
	p := load(t, dir, Options{})
	s := p.Train
	if !slices.Equal(s.Classes, []string{"cats", "dogs and ünicode"}) || !slices.Equal(s.Labels, []int32{0, 0, 1}) || p.Val != nil || p.Test != nil {
		t.Fatalf("classes %q, labels %v", s.Classes, s.Labels)
	}
	if s.Height != 4 || s.Width != 5 || s.Channels != 3 || s.Name(1) != "cats/deeper/2.png" {
		t.Errorf("%dx%dx%d, second %s", s.Height, s.Width, s.Channels, s.Name(1))
	}
	want := []uint8{0, 0, 0, 1, 0, 1, 2, 0, 2, 3, 0, 3, 4, 0, 4, 0, 1, 1}
	if got := s.Image(1)[:18]; !slices.Equal(got, want) {
		t.Errorf("pixels %v, want %v", got, want)
	}
}

func TestGather(t *testing.T) {
	for _, channels := range []int{1, 2, 3, 4} {
		pixels := make([]uint8, 3*5*7*channels)
		for i := range pixels {
			pixels[i] = uint8(i * 37)
		}
		s, err := NewSet(5, 7, channels, pixels, []int32{1, 0, 1}, []string{"a", "b"})
		if err != nil {
			t.Fatal(err)
		}
		schema := s.Schema(nil, "")
		d, err := NewDataset(s, schema)
		if err != nil {
			t.Fatal(err)
		}
		part, err := d.Subset([]int{2, 0})
		if err != nil {
			t.Fatal(err)
		}
		buf := dataset.NewBuffers(part.Fields(), 3)
		if err := part.Gather(buf, 1, []int{1, 0}); err != nil {
			t.Fatal(err)
		}
		for i, at := range []int{0, 2} {
			got := buf[0].F32()[(1+i)*s.Size() : (2+i)*s.Size()]
			for k, v := range s.Image(at) {
				c := k % channels
				if want := float32((float64(v)/255 - schema.Image.Mean[c]) / schema.Image.Std[c]); got[k] != want {
					t.Fatalf("%d channels, image %d, element %d: %v, want %v", channels, at, k, got[k], want)
				}
			}
			if y := buf[1].I32()[1+i]; y != s.Labels[at] {
				t.Errorf("label %d, want %d", y, s.Labels[at])
			}
		}
		indices := []int{1, 0}
		if n := testing.AllocsPerRun(20, func() { part.Gather(buf, 0, indices) }); n > 0 {
			t.Errorf("%v allocations", n)
		}
		if part.Digest() == d.Digest() || len(d.Digest()) != 32 {
			t.Errorf("digests %s and %s", part.Digest(), d.Digest())
		}
	}
}

func TestMoments(t *testing.T) {
	s, err := NewSet(1, 2, 2, []uint8{0, 7, 255, 7, 0, 7, 0, 7, 9, 9, 9, 9}, []int32{0, 1, 1}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	mean, std := s.Moments([]int{0, 1})
	if mean[0] != 0.25 || math.Abs(std[0]-math.Sqrt(3)/4) > 1e-15 || mean[1] != 7.0/255 || std[1] != 0 {
		t.Errorf("mean %v, std %v", mean, std)
	}
	if schema := s.Schema([]int{0, 1}, dataset.ResizePad); schema.Image.Std[1] != 1 || schema.Rows != 2 || schema.Validate() != nil {
		t.Errorf("schema %+v: %v", schema.Image, schema.Validate())
	}
}

func TestCorruptFiles(t *testing.T) {
	dir := t.TempDir()
	whole := encoded(t, painted(8, 8), "a.jpg")
	write(t, dir, "a/0.jpg", whole)
	write(t, dir, "b/1.jpg", whole)
	bad := map[string]string{"a/empty.jpg": "the file is empty", "a/cut.jpg": "damaged", "b/text.png": `begins with "hello, "`, "b/head.gif": "damaged"}
	write(t, dir, "a/empty.jpg", nil)
	write(t, dir, "a/cut.jpg", whole[:len(whole)-20])
	write(t, dir, "b/text.png", []byte("hello, "))
	write(t, dir, "b/head.gif", []byte("GIF89a"))
	if _, err := Load(context.Background(), dir, Options{}); !errors.As(err, new(*FileError)) {
		t.Errorf("error %v", err)
	}
	p := load(t, dir, Options{SkipCorrupt: true})
	if len(p.Skipped) != len(bad) || p.Train.Len() != 2 || p.Train.Name(1) != "b/1.jpg" {
		t.Errorf("%d skipped, %d left", len(p.Skipped), p.Train.Len())
	}
	for _, e := range p.Skipped {
		name, _ := filepath.Rel(dir, e.Path)
		if want := bad[filepath.ToSlash(name)]; want == "" || !strings.Contains(e.Error(), want) {
			t.Errorf("%v, want %q", e, want)
		}
	}
}

func TestRealImages(t *testing.T) {
	for _, c := range []struct {
		path  string
		size  []int
		names string
	}{
		{"fashion-mnist", []int{60000, 28, 28, 1}, "0"}, {"cifar10-first4000/first4000.bin.gz", []int{4000, 32, 32, 3}, "airplane"},
	} {
		path := filepath.Join("../../../shared/data", c.path)
		if _, err := os.Stat(path); err != nil {
			t.Skip("no data: ", err)
		}
		s := load(t, path, Options{}).Train
		if got := []int{s.Len(), s.Height, s.Width, s.Channels}; !slices.Equal(got, c.size) || s.Classes[0] != c.names {
			t.Errorf("%s: %v of classes %q", c.path, got, s.Classes)
		}
		mean, std := s.Moments(nil)
		t.Logf("%s: mean %.4f, std %.4f", c.path, mean, std)
	}
}
