package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/train"
)

// dataFolder is the environment variable of the folder of data sets.
const dataFolder = "DESCENT_DATA"

// configuration finds what to train by the arguments and flags.
func (f *trainFlags) configuration(args []string) (*config.Config, error) {
	set := append(slices.Clone(f.set), f.columns.settings()...)
	if f.until != "" {
		set = append(set, "until="+f.until)
	}
	switch {
	case f.resume != "" && len(args) == 0:
		return load(filepath.Join(f.resume, train.ConfigName), f.data, set)
	case f.replay != "" && len(args) == 0:
		return load(filepath.Join(f.replay, train.ConfigName), f.data, set)
	case f.from != "":
		return f.fineTune(args, set)
	case len(args) > 0:
		return load(args[0], f.data, set)
	}
	return ofData(f.data, set)
}

// fineTune is the configuration of a run with other data, which start from its
// model and are encoded as its data were.
func (f *trainFlags) fineTune(args, set []string) (*config.Config, error) {
	if len(args) > 0 || f.resume != "" || f.replay != "" {
		return nil, usagef("--from takes the configuration of a run: leave CONFIG, --resume and --replay away")
	}
	model := filepath.Join(f.from, train.ModelName)
	if _, err := os.Stat(model); err != nil {
		return nil, usagef("--from %s: there is no %s in it", f.from, train.ModelName)
	}
	start := []string{"init=" + strconv.Quote(model), "data.schema=" + strconv.Quote(model)}
	c, err := load(filepath.Join(f.from, train.ConfigName), f.data, append(start, set...))
	if err == nil && f.data != "" { // their own parts, where they bring some
		c.PreferParts(!given(set, "data.split.val"), !given(set, "data.split.test"))
	}
	return c, err
}

// load reads a configuration: an example by its name, or a file.
func load(arg, data string, set []string) (*config.Config, error) {
	if e, ok := examples.Find(arg); ok {
		c, err := config.Parse(e.Name+".yaml", e.YAML, set...)
		if err != nil {
			return nil, err
		}
		return c, underFolder(c, data, e.From)
	}
	if arg == threeGradients {
		return nil, usagef("%s has no configuration (run it by itself: descent train %[1]s)", arg)
	}
	info, err := os.Stat(arg)
	if err == nil && data != "" && (info.IsDir() || isData(arg)) {
		return nil, severalPaths(data, arg)
	}
	if err == nil && info.IsDir() {
		return nil, usagef("%s is a folder (want a file CONFIG.yaml; to train on what is in it: --data %[1]s; to continue a run: --resume %[1]s)", arg)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if !strings.ContainsAny(arg, "./\\") {
			return nil, usagef("no example %q and no such file (want %s, or a file CONFIG.yaml)", arg, strings.Join(exampleNames(), ", "))
		}
		return nil, usagef("no configuration %s", arg)
	}
	if isData(arg) {
		return nil, usagef("%s is data, by its name (want a file CONFIG.yaml; to train on it: --data %[1]s)", arg)
	}
	c, err := config.ReadFile(arg, set...)
	if err == nil && data != "" {
		c.SetData(data)
	}
	return c, err
}

// severalPaths is the mistake of --data with a pattern that is not in quotes.
func severalPaths(data, next string) error {
	return usagef("--data takes one path, and here are %s and %s (a shell makes many paths of a pattern: put it in quotes, or name the folder that they are in)", data, next)
}

// isData reports whether a file holds data, no configuration, by its name.
func isData(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".txt", ".bin", ".csv", ".tsv", ".jsonl", ".parquet", ".npz", ".gz", ".zst", ".bz2":
		return true
	}
	return images.IsImage(path)
}

// underFolder finds the data of an example in the folder of data sets; from is
// where people get them.
func underFolder(c *config.Config, folder, from string) error {
	if strings.HasPrefix(c.Data.Train, config.Embedded) {
		if folder != "" {
			return usagef("example %s brings its own data (leave --data away)", c.Name)
		}
		return nil
	}
	if folder == "" {
		folder = os.Getenv(dataFolder)
	}
	if folder == "" {
		return usagef("example %s needs %s: name the folder that holds it by --data or %s%s", c.Name, c.Data.Train, dataFolder, toGet(from))
	}
	wanted := c.Data.Train
	for _, names := range [][]string{movieLens, cifar10} {
		if c.Data.Train == names[0] {
			c.Data.Train = anyOf(names, folder)
		}
	}
	if c.Data.Format == images.FormatCIFAR && c.Data.Train == wanted && hasClasses(folder) {
		c.SetData(folder) // other images for the same net
		return nil
	}
	for _, p := range []*string{&c.Data.Train, &c.Data.Val, &c.Data.Test} {
		if *p != "" {
			*p = within(folder, *p)
		}
	}
	if _, err := os.Stat(c.Data.Train); err != nil && from != "" {
		return usagef("example %s needs %s, and there is none in %s%s", c.Name, wanted, folder, toGet(from))
	}
	return nil
}

// toGet tells how to get the data of an example from an address.
func toGet(from string) string {
	if from == "" {
		return ""
	}
	return fmt.Sprintf("; to get it: curl -O %s, then --data %s", from, path.Base(from))
}

// within returns folder/name, or the folder (or file) itself if there is no
// such thing in it: --data may point at the data set too.
func within(folder, name string) string {
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if inner := filepath.Join(folder, filepath.Base(name)); inner != path {
		if _, err := os.Stat(inner); err == nil {
			return inner
		}
	}
	if info, err := os.Stat(folder); err == nil && (!info.IsDir() || hasImages(folder) || interactions.IsInteractions(folder)) {
		return folder
	}
	return path
}

// hasImages reports whether a folder is images by itself, in files that are named as
// those of data sets are.
func hasImages(folder string) bool {
	found, err := images.Detect(folder)
	return err == nil && (found == images.FormatIDX || found == images.FormatCIFAR)
}

// tableName is the name of a file without what its format and its compression
// add, or of a pattern.
func tableName(data string) string {
	name := filepath.Base(data)
	for _, ext := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Trim(strings.TrimSuffix(name, filepath.Ext(name)), "*?-_., ")
	if name == "" {
		return "table"
	}
	return name
}

// ofData is the configuration of --data FILE without more.
func ofData(data string, set []string) (*config.Config, error) {
	switch {
	case isText(data, set):
		return ofText(data, set)
	case isPairs(data, set):
		return ofPairs(data, set)
	case imageFormat(data, set) != "":
		return ofImages(data, imageFormat(data, set), set)
	case slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, "data.text=") }):
		return ofTexts(data, set)
	}
	if err := wantsFolder(data); err != nil {
		return nil, err
	}
	return ofTable(data, set)
}

// ofTable is the configuration of --data FILE without more: a fifth to test
// on, a tenth to validate on, and the best of what comes.
func ofTable(data string, set []string) (*config.Config, error) {
	name := tableName(data)
	defaults := []string{"name=" + strconv.Quote(name), "data.train=" + strconv.Quote(data)}
	defaults = append(defaults, "schedule=cosine")
	if !given(set, "data.test=") {
		defaults = append(defaults, "data.split.test=20%")
	}
	if !given(set, "data.val=") {
		defaults = append(defaults, "data.split.val=10%")
	}
	if info, err := os.Stat(data); (err != nil || !info.IsDir()) && filepath.Ext(data) != ".npz" {
		defaults = append(defaults, "data.infer=full", "data.scaling=robust", "data.rare=3", "data.target_transform=auto", "data.split.by=auto")
		if !given(set, "model") || given(set, "model=auto") || given(set, "model={auto") {
			defaults = append(defaults, "data.bins=64", "data.categories=embedding", "model=auto")
		}
	}
	if !given(set, "data.split") {
		defaults = append(defaults, "early_stop.patience=20")
	}
	return config.Parse("--data "+data, nil, append(defaults, set...)...)
}
