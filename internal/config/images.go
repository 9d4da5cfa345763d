package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
)

func (d *Data) isImages() bool { return d.Format == formatImages || d.Format == formatCIFAR }

// wantsImages reports whether arrays are to be images of (height, width, channels)
// instead of flat features: because something is said of images, or the model
// begins with a layer for them.
func (c *Config) wantsImages() bool {
	d := &c.Data
	switch d.Format {
	case images.FormatIDX, images.FormatNPY:
		return d.Image != newImage() || d.Augment != newAugment() || c.modelGiven && takesImages(c.Model) || c.autoModel && d.Format == images.FormatIDX
	}
	return false
}

// loadImages is Load of images.
func (c *Config) loadImages(schema *dataset.Schema) (*Sets, error) {
	d := &c.Data
	form := schema
	if schema == nil && d.Schema != "" {
		var err error
		if form, err = readSchema(d.Schema); err != nil {
			return nil, err
		}
	}
	parts, err := c.readImages(d.Train, form, schema != nil)
	if err == nil && form != nil && schema == nil && among(parts.Train.Classes, form.Target.Classes) {
		if err = parts.Close(); err == nil { // the model knows them all: by its numbers
			parts, err = c.readImages(d.Train, form, true)
		}
	}
	if err != nil {
		return nil, err
	}
	c.useParts(parts)
	whole := &raw{images: parts.Train}
	split, err := c.split(whole)
	if err != nil {
		return nil, err
	}
	s := &Sets{Schema: schema, Notes: imageNotes(parts)}
	if schema == nil {
		s.Schema = parts.Train.Schema(split[dataset.TrainPart], d.Image.Resize)
		c.adoptForm(s, form)
	}
	c.settleForm(s, parts.Train)
	if err := c.settleImages(s); err != nil {
		return nil, err
	}
	if err := c.fillImages(s, parts, split); err != nil {
		return nil, err
	}
	if err := c.balance(s); err != nil {
		return nil, err
	}
	return s, c.augmentTraining(s)
}

// imageOptions says how images are read, those for a trained model in its form;
// trained says that their classes are its classes too.
func (c *Config) imageOptions(form *dataset.Schema, trained bool) (images.Options, error) {
	d := &c.Data
	o := images.Options{
		Height: d.Image.Size[0], Width: d.Image.Size[1], Resize: d.Image.Resize, SkipCorrupt: d.Image.Corrupt == corruptSkip,
		Channels: map[string]int{colorGray: 1, colorRGB: 3}[d.Image.Color], Progress: c.Cache.Progress, Cache: d.Image.Cache,
	}
	if o.Cache == cacheAuto {
		o.Cache = ""
	}
	if d.Format == formatCIFAR {
		o.Format = formatCIFAR
	}
	if form == nil {
		return o, nil
	}
	if form.Image == nil || len(form.Image.Mean) == 0 {
		return o, mistakef("config: data %s: the model was not trained on images", d.Train)
	}
	shape := form.Image.Shape
	if size := d.Image.Size; size != [2]int{} && (size[0] != shape[0] || size[1] != shape[1]) {
		return o, mistakef("config: data.image.size: got %dx%d, and the model takes images of %dx%d (leave it away: the size of a trained model stays)", size[0], size[1], shape[0], shape[1])
	}
	if color := channelNames(shape[2]); d.Image.Color != "auto" && d.Image.Color != color {
		return o, mistakef("config: data.image.color: got %s, and the model takes %s (leave it away: the channels of a trained model stay)", d.Image.Color, color)
	}
	o.Height, o.Width, o.Channels, o.Resize = shape[0], shape[1], shape[2], cmp.Or(form.Image.Resize, o.Resize)
	if trained {
		o.Classes = form.Target.Classes
	}
	return o, nil
}

// readImages reads the images of a path.
func (c *Config) readImages(path string, form *dataset.Schema, trained bool) (*images.Parts, error) {
	o, err := c.imageOptions(form, trained)
	if err != nil {
		return nil, err
	}
	ctx := c.Context
	if ctx == nil {
		ctx = context.Background()
	}
	parts, err := images.Load(ctx, path, o)
	if bad := new(images.FileError); errors.As(err, &bad) {
		return nil, fmt.Errorf("%w (data.image.corrupt: skip leaves out such files)", err)
	}
	return parts, err
}

// among reports whether names are some of others, but not all.
func among(names, others []string) bool {
	missing := func(name string) bool { return !slices.Contains(others, name) }
	return len(names) < len(others) && !slices.ContainsFunc(names, missing)
}

// PreferParts makes validation or test images that lie beside those of training the
// run's, and the shares of data.split hold only where there are none.
func (c *Config) PreferParts(val, test bool) { c.preferVal, c.preferTest = val, test }

// useParts takes the parts that lie beside the training images, unless others are
// named or shares are split off.
func (c *Config) useParts(parts *images.Parts) {
	d := &c.Data
	use := func(there *images.Set, path *string, share *float64, prefer bool) {
		if there != nil && *path == "" && (*share == 0 || prefer) {
			*path, *share = d.Train, 0
		}
	}
	use(parts.Val, &d.Val, &d.Split.Val, c.preferVal)
	if d.Split.Folds == 0 {
		use(parts.Test, &d.Test, &d.Split.Test, c.preferTest)
	}
}

// mostSkipped is how many images that cannot be read are named.
const mostSkipped = 5

// imageNotes says what of the files is not used.
func imageNotes(parts *images.Parts) []string {
	notes := slices.Clone(parts.Notes)
	for i, f := range parts.Skipped {
		if i == mostSkipped {
			notes = append(notes, fmt.Sprintf("and %d more images are left out", len(parts.Skipped)-i))
			break
		}
		notes = append(notes, fmt.Sprintf("left out: %v", f))
	}
	return notes
}

// fillImages makes the datasets of the parts and of other files.
func (c *Config) fillImages(s *Sets, parts *images.Parts, split map[string][]int) error {
	d := &c.Data
	all, err := images.NewDataset(parts.Train, s.Schema)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		name, path string
		share      float64
		set        *dataset.Dataset
		there      *images.Set
	}{{dataset.TrainPart, "", 1, &s.Train, nil}, {"val", d.Val, d.Split.Val, &s.Val, parts.Val}, {"test", d.Test, d.Split.testShare(), &s.Test, parts.Test}} {
		switch {
		case p.path != "" && p.path == d.Train && p.there != nil:
			*p.set, err = images.NewDataset(p.there, s.Schema)
		case p.path != "" && p.path == d.Train:
			err = fmt.Errorf("config: data.%s: no images for it in %s: add a folder %[1]s beside train, or take a share of the training images by data.split", p.name, p.path)
		case p.path != "":
			*p.set, err = c.encodeImages(p.path, p.name, s.Schema)
		case len(split[p.name]) == all.Len():
			*p.set = all
		case p.share > 0:
			*p.set, err = all.Subset(split[p.name])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// encodeImages reads other images for a trained model: the part of a name, or those
// that are not divided.
func (c *Config) encodeImages(path, part string, s *dataset.Schema) (dataset.Dataset, error) {
	other := *c
	other.Data.Format = c.Data.imageFormat(path)
	parts, err := other.readImages(path, s, true)
	if err != nil {
		return nil, err
	}
	set := map[string]*images.Set{"val": parts.Val, "test": parts.Test}[part]
	if set == nil {
		set = parts.Train
	}
	return images.NewDataset(set, s)
}

// imageFormat is the format of a path with images, where others are in d.Format: a file
// of CIFAR may have any name, so what is known as nothing else is one.
func (d *Data) imageFormat(path string) string {
	if found, err := images.Detect(path); err == nil && found != "" && found != formatCIFAR {
		return formatImages
	}
	return d.Format
}

// moveImages makes other images those of d, before they are its training data.
func (d *Data) moveImages(path string) {
	for _, part := range []*string{&d.Val, &d.Test} {
		if *part == d.Train {
			*part = "" // what lies beside the new ones, if anything does
		}
	}
	d.Format = d.imageFormat(path)
}
