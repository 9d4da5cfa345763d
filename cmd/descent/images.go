package main

import (
	"os"
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

// wantsFolder refuses images that are named one by one or by a pattern: their classes
// are the folders that they are in. Other data are fine.
func wantsFolder(data string) error {
	info, err := os.Stat(data)
	if err == nil && !info.IsDir() && images.IsImage(data) {
		return usagef("--data %s is one image (want a folder that has a folder of images for each class; to tell what is on it: descent predict RUN %[1]s)", data)
	}
	if err == nil {
		return nil
	}
	found, _ := filepath.Glob(data) // of a pattern that is none nothing is found
	for _, path := range found {
		switch info, err := os.Stat(path); {
		case err != nil:
		case !info.IsDir() && images.IsImage(path):
			return usagef("--data %s is images, such as %s (want a folder that has a folder of images for each class)", data, path)
		case info.IsDir():
			if inside, err := images.Detect(path); err == nil && inside == images.FormatFolders {
				return usagef("--data %s is folders, such as %s (want the folder that they are in: --data %s)", data, path, filepath.Dir(path))
			}
		}
	}
	return nil
}

// hasClasses reports whether a folder has folders of images, one for each class, perhaps in
// folders of parts, and no other: it is not one of many data sets.
func hasClasses(folder string) bool {
	inner := foldersIn(folder)
	noClasses := func(part string) bool { return !ofImagesEach(foldersIn(part)) }
	return ofImagesEach(inner) || len(inner) > 0 && !slices.ContainsFunc(inner, noClasses)
}

// ofImagesEach reports whether there are several folders, with an image in each.
func ofImagesEach(folders []string) bool {
	without := func(folder string) bool {
		entries, _ := os.ReadDir(folder)
		return !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return images.IsImage(e.Name()) })
	}
	return len(folders) > 1 && !slices.ContainsFunc(folders, without)
}

func foldersIn(folder string) (paths []string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, path)
		}
	}
	return paths
}
