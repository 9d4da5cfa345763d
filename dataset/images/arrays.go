package images

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// The files of images in arrays; .gz may be behind them.
const (
	trainImages  = "train-images-idx3-ubyte"
	trainLabels  = "train-labels-idx1-ubyte"
	testImages   = "t10k-images-idx3-ubyte"
	testLabels   = "t10k-labels-idx1-ubyte"
	featuresName = "x.npy"
	targetName   = "y.npy"
)

// loadIDX reads a folder of IDX files, named as MNIST's; those of the test may be missing.
func loadIDX(dir string) (*Parts, error) {
	train, err := readIDX(dir, trainImages, trainLabels)
	if err != nil {
		return nil, err
	}
	p := &Parts{Train: train}
	if findFile(dir, testImages) == "" && findFile(dir, testLabels) == "" {
		return p, nil
	}
	if p.Test, err = readIDX(dir, testImages, testLabels); err != nil {
		return nil, err
	}
	p.Test.Classes = train.Classes
	return p, p.Test.check()
}

func readIDX(dir, images, labels string) (*Set, error) {
	var paths [2]string
	for i, name := range []string{images, labels} {
		if paths[i] = findFile(dir, name); paths[i] == "" {
			return nil, fmt.Errorf("images: no %s or %s.gz in %s", name, name, dir)
		}
	}
	x, err := dataset.ReadIDX(paths[0])
	if err != nil {
		return nil, err
	}
	y, err := dataset.ReadIDX(paths[1])
	if err != nil {
		return nil, err
	}
	return setOfArrays(paths[0], x, y)
}

// loadNPY reads x.npy and y.npy of a folder or an archive.
func loadNPY(path string) (*Parts, error) {
	x, err := dataset.ReadNPY(filepath.Join(path, featuresName))
	if err != nil {
		return nil, err
	}
	y, err := dataset.ReadNPY(filepath.Join(path, targetName))
	if err != nil {
		return nil, err
	}
	s, err := setOfArrays(filepath.Join(path, featuresName), x, y)
	return &Parts{Train: s}, err
}

// setOfArrays makes a set of pixels u8 (N, H, W) or (N, H, W, C) and labels, integers
// (N). Classes are the numbers from 0 to the largest label.
func setOfArrays(path string, x, y *tensor.Tensor) (*Set, error) {
	shape := x.Shape()
	if x.DType() != tensor.U8 || len(shape) < 3 || len(shape) > 4 || len(shape) == 4 && shape[3] > 4 {
		return nil, fmt.Errorf("images: %s holds %v (want u8 of images, height, width and up to 4 channels, in this order)", path, x)
	}
	if len(y.Shape()) != 1 || y.Size() != shape[0] {
		return nil, fmt.Errorf("images: %s holds %v, and its labels are %v (want as many images as labels)", path, x, y)
	}
	labels, err := labelsOf(path, y)
	if err != nil {
		return nil, err
	}
	s := &Set{Height: shape[1], Width: shape[2], Channels: 1, Pixels: x.U8(), Labels: labels, Classes: numbered(labels), Source: path}
	if len(shape) == 4 {
		s.Channels = shape[3]
	}
	return s, s.check()
}

// labelsOf returns labels, u8, i32 or i64, as numbers of classes.
func labelsOf(path string, y *tensor.Tensor) ([]int32, error) {
	const most = 1 << 20 // classes
	labels := make([]int32, y.Size())
	for i := range labels {
		var v int64
		switch y.DType() {
		case tensor.U8:
			v = int64(y.U8()[i])
		case tensor.I32:
			v = int64(y.I32()[i])
		case tensor.I64:
			v = y.I64()[i]
		default:
			return nil, fmt.Errorf("images: the labels of %s are %v (want integers)", path, y)
		}
		if v < 0 || v >= most {
			return nil, fmt.Errorf("images: label %d of %s is %d (want 0 to %d)", i, path, v, most-1)
		}
		labels[i] = int32(v)
	}
	return labels, nil
}

// numbered returns the numbers from 0 to the largest label, as names.
func numbered(labels []int32) []string {
	last := int32(0)
	for _, y := range labels {
		last = max(last, y)
	}
	classes := make([]string, last+1)
	for i := range classes {
		classes[i] = strconv.Itoa(i)
	}
	return classes
}
