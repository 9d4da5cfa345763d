package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/digits"
	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/tensor"
)

// Embedded is the prefix of data that are in the program: embedded:digits.
const Embedded = "embedded:"

// raw is data as they were read, before they are encoded.
type raw struct {
	table  *dataset.Table // or
	images *images.Set    // or
	memory *dataset.Memory
	schema *dataset.Schema // of memory
}

func (r *raw) len() int {
	switch {
	case r.table != nil:
		return r.table.Len()
	case r.images != nil:
		return r.images.Len()
	}
	return r.memory.Len()
}

func (r *raw) encode(s *dataset.Schema) (dataset.Dataset, error) {
	if r.table == nil {
		return r.memory, nil
	}
	return s.Encode(r.table)
}

// settleFormat finds out what the training data are.
func (d *Data) settleFormat() error {
	if strings.HasPrefix(d.Train, Embedded) {
		return d.onlyTables("embedded data have")
	}
	if d.Format == "auto" {
		d.Format = d.textFormat()
	}
	if d.isText() {
		return d.onlyTables("a text has")
	}
	info, err := os.Stat(d.Train)
	if err != nil {
		if !dataset.IsTablePath(d.Train) {
			return missing(d.Train, err)
		}
		if d.Format == "auto" {
			d.Format = dataset.TableFormat(d.Train)
		}
		return nil
	}
	if d.Format == "auto" {
		if d.Format, err = autoFormat(d.Train, info.IsDir()); err != nil {
			return err
		}
	}
	if d.isImages() {
		return d.onlyTables("images have")
	}
	if err := oneOfFolder(d.Train); err != nil {
		return err
	}
	if folder := d.Format == "idx" || d.Format == "npy"; folder != (info.IsDir() || isNPZ(d.Train)) {
		return mistakef("config: data %s: format %s wants a %s", d.Train, d.Format, map[bool]string{true: "folder", false: "file"}[folder])
	}
	if d.Format == "idx" || d.Format == "npy" {
		if d.Format == "idx" && d.Test == "" && d.Split.Test == 0 && (exists(filepath.Join(d.Train, idxTest)) || exists(filepath.Join(d.Train, idxTest+".gz"))) {
			d.Test = d.Train
		}
		return d.onlyTables("format " + d.Format + " has")
	}
	return nil
}

// autoFormat is the format of what is there: of a folder that of the arrays or images
// in it, of a file that of its name.
func autoFormat(path string, folder bool) (string, error) {
	found, err := images.Detect(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("config: data: %w", err)
	case found == images.FormatFolders:
		return formatImages, nil
	case found != "":
		return found, nil
	case folder:
		return "", fmt.Errorf("config: data %s: no data in this folder (want a folder of images for each class, x.npy and y.npy, train-images-idx3-ubyte and its labels, or the files of CIFAR)", path)
	}
	return dataset.TableFormat(path), nil
}

// oneOfFolder refuses a file that is read as a part of its folder: an array of
// NumPy or an IDX file, by what it begins with or how it is called.
func oneOfFolder(path string) error {
	var head [6]byte
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("config: data: %w", err)
	}
	n, _ := io.ReadFull(f, head[:]) // nothing of a folder
	if err := f.Close(); err != nil {
		return fmt.Errorf("config: data: %w", err)
	}
	name, begin := filepath.Base(path), string(head[:n])
	switch {
	case begin == "\x93NUMPY":
		return mistakef("config: data %s: an array of NumPy (want the folder that holds %s and %s, such as %s)", path, npyFeatures, npyTarget, filepath.Dir(path))
	case len(begin) > 3 && strings.HasPrefix(begin, "\x00\x00\x08"), strings.Contains(name, "-images-idx") || strings.Contains(name, "-labels-idx"):
		return mistakef("config: data %s: an IDX file (want the folder that holds train-images-idx3-ubyte, train-labels-idx1-ubyte and those of t10k, such as %s)", path, filepath.Dir(path))
	}
	return nil
}

func exists(path string) bool {
	if archive := filepath.Dir(path); isNPZ(archive) {
		return dataset.HasNPZ(archive, filepath.Base(path))
	}
	_, err := os.Stat(path)
	return err == nil
}

// isNPZ reports whether a file is an archive of NumPy, by its name: it is read
// as a folder of its arrays.
func isNPZ(path string) bool { return strings.HasSuffix(strings.ToLower(path), ".npz") }

// missing says where a file was looked for.
func missing(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("config: data: %w", err)
	}
	if where, e := os.Getwd(); e == nil && !filepath.IsAbs(path) {
		return fmt.Errorf("config: data: %w (looked in %s: give the path from there, or a whole one)", err, where)
	}
	return fmt.Errorf("config: data: %w: correct the path", err)
}

// onlyTables refuses keys that are about columns where there are none.
func (d *Data) onlyTables(who string) error {
	for _, k := range []struct {
		key string
		set bool
	}{
		{"target", d.Target != "" || d.Targets != nil}, {"header", d.Header != "auto"}, {"names", d.Names != nil}, {"columns", len(d.Columns) > 0},
		{"skip", d.Skip != nil}, {"missing", d.Missing != nil}, {"weight", d.Weight != ""}, {"text", d.Text != ""}, {"quotes", d.Quotes != dataset.QuotesCSV}, {"categories", d.Categories != "onehot"},
	} {
		if k.set {
			return mistakef("config: data.%s is about the columns of a table, and %s none: remove it", k.key, who)
		}
	}
	return nil
}

// The files of a folder of NumPy arrays.
const (
	npyFeatures = "x.npy"
	npyTarget   = "y.npy"
)

// readTrain reads the training data. If they can be read without what the
// configuration says of their columns, the mistake is in that.
func (d *Data) readTrain() (*raw, error) {
	r, err := d.read(d.Train, "train", true)
	if err != nil {
		plain := Data{Format: d.Format, Header: d.Header}
		if _, e := plain.read(d.Train, "train", true); e == nil {
			err = mistake{err}
		}
	}
	return r, err
}

// read reads data of the settled format. part is what they are used as: train,
// val or test. target says whether they must have one.
func (d *Data) read(path, part string, target bool) (*raw, error) {
	if name, ok := strings.CutPrefix(path, Embedded); ok {
		if name != "digits" {
			return nil, mistakef("config: data %s: the program holds no such data (want %sdigits)", path, Embedded)
		}
		m, s, err := digits.Load()
		return &raw{memory: m, schema: s}, err
	}
	if _, err := os.Stat(path); err == nil {
		if err := oneOfFolder(path); err != nil {
			return nil, err
		}
	} else if !dataset.IsTablePath(path) {
		return nil, missing(path, err)
	}
	switch d.Format {
	case "idx":
		return d.readIDX(path, part)
	case "npy":
		return readNPY(path, target)
	}
	t, err := dataset.ReadTable(path, d.table())
	return &raw{table: t}, err
}

// table returns the options for reading a table.
func (d *Data) table() dataset.TableOptions {
	o := dataset.TableOptions{
		Names: d.Names, Columns: d.Columns, Skip: d.Skip, Missing: d.Missing, Target: d.Target, Targets: d.Targets, Weight: d.Weight,
		Quotes: d.Quotes, Encoding: d.Encoding, Comma: d.Decimal == "comma", Ragged: d.Ragged,
	}
	if d.Header != "auto" {
		o.Header = d.Header
	}
	if d.Format != "auto" {
		o.Format = d.Format
	}
	return o
}

// idxTest is the test images of a folder of IDX files; .gz may be behind.
const idxTest = "t10k-images-idx3-ubyte"

// idxFolder is a folder of IDX files that was read.
type idxFolder struct {
	dir         string
	train, test *dataset.Memory
	schema      *dataset.Schema
}

// readIDX reads the images of a folder that are for training, or the others. A
// folder is read once for both.
func (d *Data) readIDX(dir, part string) (*raw, error) {
	if d.idx == nil || d.idx.dir != dir {
		train, test, s, err := dataset.LoadIDXDir(dir, dataset.ImageOptions{})
		if err != nil {
			return nil, err
		}
		d.idx = &idxFolder{dir, train, test, s}
	}
	switch {
	case part == "train":
		return &raw{memory: d.idx.train, schema: d.idx.schema}, nil
	case d.idx.test == nil:
		return nil, fmt.Errorf("config: data.%s: no %s in %s: add it and its labels, or take a share of the training images by data.split", part, idxTest, dir)
	}
	return &raw{memory: d.idx.test, schema: d.idx.schema}, nil
}

// readNPY reads a folder with x.npy and y.npy, which may be missing unless the
// target is needed.
func readNPY(dir string, target bool) (*raw, error) {
	features, labels := filepath.Join(dir, npyFeatures), filepath.Join(dir, npyTarget)
	if !target && !exists(labels) {
		x, err := dataset.ReadNPY(features)
		if err != nil {
			return nil, err
		}
		m, err := dataset.New(dataset.Column{Name: dataset.FieldX, Data: x, DType: tensor.F32})
		return &raw{memory: m}, err
	}
	m, err := dataset.LoadNPY(features, labels)
	if err != nil {
		return nil, err
	}
	s := &dataset.Schema{Version: dataset.SchemaVersion, Rows: m.Len(), Target: dataset.TargetSchema{Name: npyTarget, Std: 1}}
	y, err := dataset.FindField(m, dataset.FieldY)
	if err != nil {
		return nil, err
	}
	if y.DType == tensor.F32 {
		s.Target.Task = dataset.TaskRegression
		return &raw{memory: m, schema: s}, nil
	}
	s.Target.Task = dataset.TaskClassification
	s.Target.Classes, err = classNames(m)
	return &raw{memory: m, schema: s}, err
}

// classNames numbers the classes from 0 to the largest label.
func classNames(m *dataset.Memory) ([]string, error) {
	buf, most := dataset.NewBuffers(m.Fields(), 1), int32(1)
	y := dataset.FieldIndex(m.Fields(), dataset.FieldY)
	if len(m.Fields()[y].Shape) != 0 {
		return nil, fmt.Errorf("config: %s: classes are %v for each example (want one)", npyTarget, m.Fields()[y].Shape)
	}
	for i := range m.Len() {
		if err := m.Gather(buf, 0, []int{i}); err != nil {
			return nil, err
		}
		v := buf[y].I32()[0]
		if v < 0 || v >= 1<<16 {
			return nil, fmt.Errorf("config: %s: example %d: class %d (want 0 to 65535)", npyTarget, i, v)
		}
		most = max(most, v)
	}
	names := make([]string, most+1)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names, nil
}
