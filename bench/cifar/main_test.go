package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// archive has one PNG of one colour for each name.
func archive(t *testing.T, photos map[string]color.RGBA) string {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	for name, c := range photos {
		m := image.NewRGBA(image.Rect(0, 0, side, side))
		for i := range side * side {
			m.SetRGBA(i%side, i/side, c)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(b.Len())})
		w.Write(b.Bytes())
	}
	w.Close()
	z.Close()
	path := filepath.Join(t.TempDir(), "photos.tar.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFilesHaveLabelsAndPlanes(t *testing.T) {
	from := archive(t, map[string]color.RGBA{
		"train/cat/1.png": {1, 2, 3, 255}, "train/ant/1.png": {4, 5, 6, 255}, "test/cat/1.png": {7, 8, 9, 255},
	})
	to := t.TempDir()
	if err := run(from, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][4]byte{"data_batch_1.bin": {0, 4, 5, 6}, "data_batch_3.bin": {1, 1, 2, 3}, "test_batch.bin": {1, 7, 8, 9}} {
		data, err := os.ReadFile(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		const plane = side * side
		if len(data) != 1+3*plane {
			t.Fatalf("%s has %d bytes, want %d", name, len(data), 1+3*plane)
		}
		if got := [4]byte{data[0], data[1], data[1+plane], data[3*plane]}; got != want {
			t.Errorf("%s: label, red, green and blue are %v, want %v", name, got, want)
		}
	}
	names, _ := os.ReadFile(filepath.Join(to, "batches.meta.txt"))
	if string(names) != "ant\ncat\n" {
		t.Errorf("classes are %q", names)
	}
}
