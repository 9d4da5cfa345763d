package images

import (
	"archive/tar"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/descent-ml/descent/dataset"
)

// A record of CIFAR's binary version is its label, one byte, or two in CIFAR-100
// (coarse and fine), then the red, the green and the blue plane of 32x32 pixels, row by row
// (A. Krizhevsky, Learning multiple layers of features from tiny images, 2009).
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarPixels = 3 * cifarPlane
)

// cifarVersion is one of the two sets.
type cifarVersion struct {
	labels      int // bytes before the pixels; the last one is the class
	coarse      int // how many values the first one has
	classes     int
	names       string   // the file with the names of the classes, one a line
	train, test []string // files
}

var (
	cifar10 = &cifarVersion{1, 10, 10, "batches.meta.txt",
		[]string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}, []string{"test_batch.bin"}}
	cifar100 = &cifarVersion{2, 20, 100, "fine_label_names.txt", []string{"train.bin"}, []string{"test.bin"}}
)

// cifar10Names are the classes of CIFAR-10, where no file names them.
var cifar10Names = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// cifarFolder returns the folder in which the files of CIFAR are, the one given or the
// one that the archive makes in it; "" if there is none. Those of the version for Python,
// which has pickles, are found too, to be refused with a reason.
func cifarFolder(dir string) string {
	for _, sub := range []string{"", "cifar-10-batches-bin", "cifar-100-binary", "cifar-10-batches-py", "cifar-100-python"} {
		if d := filepath.Join(dir, sub); findFile(d, "data_batch_1") != "" && findFile(d, "batches.meta") != "" {
			return d
		}
		if d := filepath.Join(dir, sub); findFile(d, cifar10.train[0]) != "" || findFile(d, cifar100.train[0]) != "" && findFile(d, cifar100.names) != "" {
			return d
		}
	}
	return ""
}

// isCIFAR reports whether a file, plain or compressed, begins with records: other files, such as
// those of tokens, are called .bin too.
func isCIFAR(name string) bool {
	f, err := dataset.OpenFile(name)
	if err != nil {
		return false
	}
	defer f.Close()
	const records = 16
	data, _ := io.ReadAll(io.LimitReader(f, records*(2+cifarPixels))) // as much as there is
	return cifar10.begins(data) || cifar100.begins(data)
}

// begins reports whether data are records, the last of which may be cut off.
func (v *cifarVersion) begins(data []byte) bool {
	record := v.labels + cifarPixels
	whole := len(data) >= record
	for ; len(data) >= record; data = data[record:] {
		whole = whole && int(data[0]) < v.coarse && int(data[v.labels-1]) < v.classes
	}
	return whole
}

// loadCIFAR reads a folder, an archive, or a file of records, each plain or gzip.
func loadCIFAR(name string) (*Parts, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	if info.IsDir() {
		return loadCIFARFolder(name)
	}
	f, err := dataset.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if isTar(strings.ToLower(name)) {
		files, err := untar(f)
		if err != nil {
			return nil, fmt.Errorf("images: %s: %w", name, err)
		}
		return cifarParts(name, files)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("images: %s: %w", name, err)
	}
	s, err := cifarSet(name, versionOf(data), [][]byte{data}, nil)
	return &Parts{Train: s}, err
}

func loadCIFARFolder(dir string) (*Parts, error) {
	dir = cmp.Or(cifarFolder(dir), dir)
	files := map[string][]byte{}
	for _, v := range []*cifarVersion{cifar10, cifar100} {
		for _, name := range slices.Concat(v.train, v.test, []string{v.names}) {
			file := findFile(dir, name)
			if file == "" {
				continue
			}
			f, err := dataset.OpenFile(file)
			if err != nil {
				return nil, err
			}
			files[name], err = io.ReadAll(f)
			if err = errors.Join(err, f.Close()); err != nil {
				return nil, fmt.Errorf("images: %s: %w", file, err)
			}
		}
	}
	return cifarParts(dir, files)
}

// untar returns the files of an archive by their names without folders.
func untar(r io.Reader) (map[string][]byte, error) {
	const most = 1 << 30 // bytes of a file
	files := map[string][]byte{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Size > most {
			return nil, fmt.Errorf("%s has %d bytes (want at most %d)", h.Name, h.Size, most)
		}
		if files[path.Base(h.Name)], err = io.ReadAll(t); err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// cifarParts makes sets of files of records, by their names.
func cifarParts(source string, files map[string][]byte) (*Parts, error) {
	for _, v := range []*cifarVersion{cifar10, cifar100} {
		var all [2][][]byte
		for i, names := range [][]string{v.train, v.test} {
			for _, name := range names {
				if data, ok := files[name]; ok {
					all[i] = append(all[i], data)
				}
			}
		}
		if len(all[0]) == 0 {
			continue
		}
		train, err := cifarSet(source, v, all[0], files[v.names])
		p := &Parts{Train: train}
		if err == nil && len(all[1]) > 0 {
			p.Test, err = cifarSet(source, v, all[1], files[v.names])
		}
		return p, err
	}
	return nil, fmt.Errorf("images: %s: no %s and no %s in it (want CIFAR-10 or CIFAR-100 in the binary version, such as cifar-10-binary.tar.gz: that for Python is of pickles)", source, cifar10.train[0], cifar100.train[0])
}

// versionOf tells CIFAR-100 from CIFAR-10 by what record divides the file.
func versionOf(data []byte) *cifarVersion {
	if len(data)%(cifar10.labels+cifarPixels) != 0 && len(data)%(cifar100.labels+cifarPixels) == 0 {
		return cifar100
	}
	return cifar10
}

// cifarSet makes a set of files of records, one behind the other.
func cifarSet(source string, v *cifarVersion, files [][]byte, names []byte) (*Set, error) {
	s := &Set{Height: cifarSide, Width: cifarSide, Channels: 3, Source: source, Classes: v.classNames(names)}
	record, bytes := v.labels+cifarPixels, 0
	for _, data := range files {
		bytes += len(data)
	}
	s.Pixels, s.Labels = make([]uint8, 0, bytes), make([]int32, 0, bytes/record)
	for _, data := range files {
		if len(data) == 0 || len(data)%record != 0 {
			return nil, fmt.Errorf("images: %s: %d bytes (want a multiple of %d, the record of CIFAR-%d in its binary version)", source, len(data), record, v.classes)
		}
		for ; len(data) > 0; data = data[record:] {
			s.Labels = append(s.Labels, int32(data[v.labels-1]))
			s.Pixels = appendPlanes(s.Pixels, data[v.labels:record])
		}
	}
	return s, s.check()
}

// appendPlanes appends the pixels of three planes, channels last.
func appendPlanes(pixels, planes []byte) []byte {
	red, green, blue := planes[:cifarPlane], planes[cifarPlane:2*cifarPlane], planes[2*cifarPlane:3*cifarPlane]
	for i, r := range red {
		pixels = append(pixels, r, green[i], blue[i])
	}
	return pixels
}

// classNames returns the names of the classes in a file, one a line, or else known ones.
func (v *cifarVersion) classNames(file []byte) []string {
	var names []string
	for line := range bytes.Lines(file) {
		if name := strings.TrimSpace(string(line)); name != "" {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == v.classes:
		return names
	case v == cifar10:
		return cifar10Names
	}
	return numbered([]int32{int32(v.classes - 1)})
}
