package images

import (
	"archive/tar"
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
		{"cifar10-first4000/first4000.bin.gz", []int{4000, 32, 32, 3}, "airplane"},
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

func TestArraysConform(t *testing.T) {
	dir := t.TempDir()
	idx := func(name string, head []byte, data []byte) { write(t, dir, name, append(head, data...)) }
	pixels := make([]byte, 3*4*4)
	for i := range pixels {
		pixels[i] = byte(i)
	}
	idx(trainImages, []byte{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 4}, pixels)
	idx(trainLabels, []byte{0, 0, 8, 1, 0, 0, 0, 3}, []byte{1, 0, 2})
	s := load(t, dir, Options{}).Train
	if !slices.Equal(s.Labels, []int32{1, 0, 2}) || !slices.Equal(s.Pixels, pixels) || s.Channels != 1 {
		t.Errorf("labels %v, %d channels", s.Labels, s.Channels)
	}
	s = load(t, dir, Options{Height: 4, Width: 4, Channels: 3, Classes: []string{"x", "y", "z", "w"}}).Train
	if s.Image(1)[3] != 17 || s.Image(1)[5] != 17 || s.Channels != 3 || s.Classes[3] != "w" {
		t.Errorf("in colour: %v of classes %q", s.Image(1), s.Classes)
	}
	s = load(t, dir, Options{Height: 2, Width: 8, Resize: dataset.ResizeSquash, Classes: []string{"2", "1", "0"}}).Train
	if s.Height != 2 || s.Width != 8 || !slices.Equal(s.Labels, []int32{1, 2, 0}) {
		t.Errorf("%dx%d, labels %v", s.Width, s.Height, s.Labels)
	}
	if _, err := Load(context.Background(), dir, Options{Classes: []string{"a", "b"}}); err == nil || !strings.Contains(err.Error(), `has the classes ["0" "1" "2"] (want ["a" "b"])`) {
		t.Errorf("too few classes: %v", err)
	}
	for file, want := range map[string]string{testLabels: "no t10k-images-idx3-ubyte", testImages: "no t10k-labels-idx1-ubyte"} {
		write(t, dir, file, nil)
		if _, err := Load(context.Background(), dir, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s alone: %v", file, err)
		}
		os.Remove(filepath.Join(dir, file))
	}
}

// cifarRecords are records of a version, whose planes are 1, 2 and 3 more than their label.
func cifarRecords(v *cifarVersion, labels ...byte) []byte {
	var all []byte
	for _, y := range labels {
		head := make([]byte, v.labels)
		head[v.labels-1] = y
		all = append(all, head...)
		for c := byte(1); c <= 3; c++ {
			all = append(all, bytes.Repeat([]byte{y + c}, cifarPlane)...)
		}
	}
	return all
}

func TestCIFAR(t *testing.T) {
	dir := t.TempDir()
	names := strings.Join(cifar10Names, "\n") + "\n\n"
	files := map[string][]byte{"data_batch_1.bin": cifarRecords(cifar10, 3, 9), "data_batch_2.bin": cifarRecords(cifar10, 0), "test_batch.bin": cifarRecords(cifar10, 5), "batches.meta.txt": []byte(names)}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, data := range files {
		write(t, dir, "ten/cifar-10-batches-bin/"+name, data)
		w.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + name, Typeflag: tar.TypeReg, Size: int64(len(data)), Mode: 0o644})
		w.Write(data)
	}
	w.Close()
	write(t, dir, "cifar-10-binary.tar", archive.Bytes())
	write(t, dir, "hundred/train.bin", cifarRecords(cifar100, 99, 0))
	write(t, dir, "hundred/fine_label_names.txt", []byte("few\n"))
	write(t, dir, "one.bin", cifarRecords(cifar100, 42))
	write(t, dir, "cut.bin", cifarRecords(cifar10, 1, 2)[:5000])
	write(t, dir, "label.bin", cifarRecords(cifar10, 1, 10))
	for _, name := range []string{"ten", "ten/cifar-10-batches-bin", "cifar-10-binary.tar"} {
		p := load(t, filepath.Join(dir, name), Options{})
		if !slices.Equal(p.Train.Labels, []int32{3, 9, 0}) || p.Test.Len() != 1 || !slices.Equal(p.Train.Image(1)[:4], []byte{10, 11, 12, 10}) || p.Train.Classes[3] != "cat" {
			t.Errorf("%s: labels %v, pixels %v", name, p.Train.Labels, p.Train.Image(1)[:4])
		}
	}
	write(t, dir, "tokens.bin", bytes.Repeat([]byte{200, 1}, 5000))
	write(t, dir, "short.bin", []byte{1, 2, 3})
	for name, want := range map[string]string{"tokens.bin": "", "short.bin": "", "one.bin": FormatCIFAR, "cut.bin": FormatCIFAR, "cifar-10-binary.tar": FormatCIFAR, "ten": FormatCIFAR} {
		if got, err := Detect(filepath.Join(dir, name)); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	for name, label := range map[string]int32{"hundred": 99, "one.bin": 42} {
		if s := load(t, filepath.Join(dir, name), Options{}).Train; s.Labels[0] != label || len(s.Classes) != 100 || s.Image(0)[2] != uint8(label)+3 {
			t.Errorf("%s: label %d of %d classes", name, s.Labels[0], len(s.Classes))
		}
	}
	write(t, dir, "python/cifar-10-batches-py/data_batch_1", []byte("pickle"))
	write(t, dir, "python/cifar-10-batches-py/batches.meta", []byte("pickle"))
	for name, want := range map[string]string{"tokens.bin": "has no images", "python": "want CIFAR-10 or CIFAR-100 in the binary version", "cut.bin": "5000 bytes (want a multiple of 3073", "label.bin": "image 1: class 10 (want 0 to 9)"} {
		if _, err := Load(context.Background(), filepath.Join(dir, name), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// npy is a file of NumPy, version 1, of one-byte elements.
func npy(shape string, data []byte) []byte {
	head := "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }\n"
	return append([]byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(head)), 0})+head), data...)
}

func TestNPY(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/x.npy", npy("(2, 2, 3, 3)", bytes.Repeat([]byte{7}, 36)))
	write(t, dir, "a/y.npy", npy("(2,)", []byte{1, 0}))
	write(t, dir, "b/x.npy", npy("(2, 3, 8, 8)", make([]byte, 384)))
	write(t, dir, "b/y.npy", npy("(2,)", []byte{1, 0}))
	if s := load(t, filepath.Join(dir, "a"), Options{}).Train; s.Height != 2 || s.Width != 3 || s.Channels != 3 || s.Labels[0] != 1 {
		t.Errorf("%dx%dx%d, labels %v", s.Height, s.Width, s.Channels, s.Labels)
	}
	if _, err := Load(context.Background(), filepath.Join(dir, "b"), Options{}); err == nil || !strings.Contains(err.Error(), "u8 of images, height, width and up to 4 channels") {
		t.Errorf("channels first: %v", err)
	}
}
