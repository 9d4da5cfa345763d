// Command cifar writes small photos of an archive of class folders as the binary
// version of CIFAR-10, so that every trainer of a comparison reads the same
// pixels, whichever decoder of JPEG it has.
//
//	go run ./bench/cifar -from ../shared/data/cifar10-jpeg/cifar10-jpeg.tar.gz -to DIR
//
// The archive has train/CLASS/NAME and test/CLASS/NAME, 32x32 pixels each, JPEG or
// PNG. Classes are numbered in the order of their names, which is CIFAR-10's.
package main

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"flag"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	side    = 32
	batches = 5 // files of training data
)

// photo is one entry of the archive.
type photo struct {
	part, class, name string
	planes            []byte // red, green and blue, row by row
}

func main() {
	from := flag.String("from", "", "archive: .tar.gz")
	to := flag.String("to", "", "folder to write to")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "bench/cifar:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	photos, err := read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for name, data := range files(photos) {
		if err := os.WriteFile(filepath.Join(to, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// read decodes every file of the archive that lies in a class folder.
func read(r io.Reader) (photos []photo, err error) {
	plain, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	for t := tar.NewReader(plain); ; {
		h, err := t.Next()
		if err == io.EOF {
			return photos, nil
		}
		if err != nil {
			return nil, err
		}
		parts := strings.Split(strings.TrimPrefix(h.Name, "./"), "/")
		if h.Typeflag != tar.TypeReg || len(parts) != 3 {
			continue
		}
		p := photo{part: parts[0], class: parts[1], name: parts[2]}
		if p.planes, err = decode(t); err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, err)
		}
		photos = append(photos, p)
	}
}

// decode returns the planes of an image of 32x32 pixels.
func decode(r io.Reader) ([]byte, error) {
	m, _, err := image.Decode(r)
	if err != nil {
		return nil, err
	}
	if b := m.Bounds(); b.Dx() != side || b.Dy() != side {
		return nil, fmt.Errorf("%dx%d pixels (want %dx%d)", b.Dx(), b.Dy(), side, side)
	}
	planes := make([]byte, 3*side*side)
	for i := range side * side {
		b := m.Bounds().Min
		red, green, blue, _ := m.At(b.X+i%side, b.Y+i/side).RGBA()
		for k, v := range []uint32{red, green, blue} {
			planes[k*side*side+i] = byte(v >> 8)
		}
	}
	return planes, nil
}

// files are CIFAR's: five of training data, into which the classes go round, one
// of test data, and the names of the classes.
func files(photos []photo) map[string][]byte {
	slices.SortFunc(photos, func(a, b photo) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.class, b.class)) })
	var classes []string
	train := 0
	for _, p := range photos {
		classes = append(classes, p.class)
		if p.part == "train" {
			train++
		}
	}
	slices.Sort(classes)
	classes = slices.Compact(classes)
	out := map[string][]byte{"batches.meta.txt": []byte(strings.Join(classes, "\n") + "\n")}
	written := 0
	for _, p := range photos {
		file := "test_batch.bin"
		if p.part == "train" {
			file = fmt.Sprintf("data_batch_%d.bin", 1+written*batches/train)
			written++
		}
		label, _ := slices.BinarySearch(classes, p.class)
		out[file] = append(append(out[file], byte(label)), p.planes...)
	}
	return out
}
