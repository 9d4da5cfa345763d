package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/tensor"
)

// cifar10 are the names under which CIFAR-10 lies in folders of data sets; the example
// names the first.
var cifar10 = []string{"cifar-10-batches-bin", "cifar-10-binary.tar.gz", "cifar10", "cifar-10"}

// imageFormat returns data.format of --data PATH without a configuration, if what is
// there is images and nothing says otherwise; else "".
func imageFormat(data string, set []string) string {
	for _, key := range []string{"target", "text=", "names", "columns", "header", "user=", "item="} {
		if given(set, "data."+key) {
			return ""
		}
	}
	if i := slices.IndexFunc(set, func(s string) bool { return s == "data.format=images" || s == "data.format=cifar" }); i >= 0 {
		return set[i][len("data.format="):]
	}
	if given(set, "data.format=") {
		return ""
	}
	switch found, err := images.Detect(data); {
	case err != nil || found == "" || isTokens(data) || found == images.FormatNPY && !arrayOfImages(data):
		return ""
	case found == images.FormatCIFAR:
		return images.FormatCIFAR
	}
	return "images"
}

// arrayOfImages reports whether x.npy of a folder or an archive holds pixels: u8 of
// images, height and width, and channels perhaps.
func arrayOfImages(data string) bool {
	x, err := dataset.ReadNPY(filepath.Join(data, "x.npy"))
	return err == nil && x.DType() == tensor.U8 && len(x.Shape()) >= 3
}

// imageOptimizer returns the automatic optimizer: SGD at a large rate where batch
// norm bears it, as in the automatic nets, and AdamW for a model without.
func imageOptimizer(set []string) string {
	for _, s := range set {
		model, ok := strings.CutPrefix(s, "model=")
		if ok && model != "auto" && !slices.ContainsFunc([]string{"batchnorm", "resnet", "mobilenet"}, func(name string) bool { return strings.Contains(model, name) }) {
			return "{adamw: {lr: 2e-3, weight_decay: 0.01}}"
		}
	}
	return "{sgd: {lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 5e-4, decay: matrices}}"
}

// ofImages is the configuration of images without more: a net by their size and
// number, augmented as they bear it; a fifth to test on and a tenth to validate on,
// unless they bring such parts. The recipe is that of docs/images.md.
func ofImages(data, format string, set []string) (*config.Config, error) {
	defaults := []string{
		"name=" + strconv.Quote(tableName(data)), "data.train=" + strconv.Quote(data), "data.format=" + format, "data.split.by=auto",
		"model=auto", "data.augment=auto", "loss={cross_entropy: {label_smoothing: 0.1}}",
		"optimizer=" + imageOptimizer(set), "schedule=one_cycle",
	}
	if !given(set, "data.test=") && !given(set, "data.split.folds=") {
		defaults = append(defaults, "data.split.test=20%")
	}
	if !given(set, "data.val=") {
		defaults = append(defaults, "data.split.val=10%")
	}
	c, err := config.Parse("--data "+data, nil, append(defaults, set...)...)
	if err != nil {
		return nil, err
	}
	if !given(set, "metric=") {
		c.PreferAccuracy()
	}
	c.SizeForImages()
	c.PreferParts(!given(set, "data.split.val"), !given(set, "data.split.test"))
	return c, nil
}
