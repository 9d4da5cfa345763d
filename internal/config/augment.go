package config

import (
	"slices"

	"github.com/descent-ml/descent/dataset/images"
)

// Augment says how training images are changed at random: a preset by its name,
// until the size of the images is known, or the options themselves.
type Augment struct {
	Preset  string // "": Options
	Options images.Augment
}

// augmentPresets are the names of what is made for images of any size.
var augmentPresets = []string{augmentAuto, images.AugmentNone, images.AugmentLight, images.AugmentStandard, images.AugmentStrong}

// augmentAuto is what images bear of which nothing is known: the standard, but
// small gray ones, which may be letters or digits, are not flipped.
const augmentAuto = "auto"

func newAugment() Augment { return Augment{Preset: images.AugmentNone} }

// augmentOptions is the default of what a mapping leaves out.
func augmentOptions() Augment {
	return Augment{Options: images.Augment{Padding: images.PadZeros, Flip: images.FlipNone, RandAugment: images.RandAugment{Magnitude: 9}}}
}

// settle makes the options of a preset, for images of a shape (height, width,
// channels).
func (a *Augment) settle(shape []int) error {
	name := a.Preset
	switch {
	case name == "" || name == images.AugmentNone:
		return nil
	case name == augmentAuto && isSmallGray(shape):
		*a = augmentOptions()
		a.Options.Crop = max(1, shape[0]/14)
		return nil
	case name == augmentAuto:
		name = images.AugmentStandard
	}
	made, err := images.Preset(name, shape[0], shape[1])
	if err != nil {
		return err
	}
	plain := augmentOptions().Options
	made.Padding, made.RandAugment.Magnitude = plain.Padding, max(made.RandAugment.Magnitude, plain.RandAugment.Magnitude)
	*a = Augment{Options: made}
	return nil
}

// smallSide is the side of images that may be letters or digits.
const smallSide = 32

// isSmallGray reports whether images may be letters or digits, which mean something
// else when they are flipped.
func isSmallGray(shape []int) bool {
	return shape[2] == 1 && max(shape[0], shape[1]) <= smallSide
}

// build returns the options, with a seed.
func (a *Augment) build(seed uint64) images.Augment {
	o := a.Options
	o.Seed = seed
	return o
}

func (a *Augment) codec() codec { return augment{a} }

// augment is a preset by name, or a mapping of options.
type augment struct{ p *Augment }

func (a augment) read(fs *Faults, v *value) {
	if v.kind == mapping {
		*a.p = augmentOptions()
		a.p.keys().read(fs, v)
		if o := a.p.Options; o.Crop > 0 && o.ResizedCrop > 0 {
			fs.add(v.at, "crop and resized_crop exclude each other")
		}
		return
	}
	if v.kind != scalar || !slices.Contains(augmentPresets, v.text) {
		fs.add(v.at, "got %v (want %s, or a mapping with %s)", v, list(augmentPresets), list(a.p.keys().names()))
		return
	}
	*a.p = Augment{Preset: v.text}
}

func (a augment) write() *value {
	if a.p.Preset != "" {
		return &value{text: a.p.Preset}
	}
	plain := augmentOptions()
	all, none := a.p.keys().write(), plain.keys().write()
	all.entries = slices.DeleteFunc(all.entries, func(e entry) bool { return e.value.flow() == none.find(e.key).flow() })
	return all
}

func (a *Augment) keys() fields {
	o := &a.Options
	factor := limits{low: 0, high: 15}
	return fields{
		{key: "crop", codec: count{p: &o.Crop, low: 1, high: mostImageSide, auto: "none"}},
		{key: "padding", codec: word{&o.Padding, []string{images.PadZeros, images.PadReflect}}},
		{key: "resized_crop", codec: noneWithin{&o.ResizedCrop, limits{low: 0, openLow: true, high: 1}}},
		{key: "flip", codec: word{&o.Flip, []string{images.FlipNone, images.FlipHorizontal, images.FlipVertical, images.FlipBoth}}},
		{key: "rotate", codec: noneWithin{&o.Rotate, limits{low: 0, openLow: true, high: 180}}},
		{key: "randaugment", codec: forFirst{fields{
			{key: "n", codec: count{p: &o.RandAugment.N, high: 16}},
			{key: "magnitude", codec: number{&o.RandAugment.Magnitude, limits{low: 0, high: 30}}},
		}, 1}},
		{key: "color", codec: forFirst{fields{
			{key: "brightness", codec: number{&o.Color.Brightness, factor}},
			{key: "contrast", codec: number{&o.Color.Contrast, factor}},
			{key: "saturation", codec: number{&o.Color.Saturation, factor}},
			{key: "hue", codec: number{&o.Color.Hue, limits{low: 0, high: 0.5}}},
		}, 3}},
		{key: "cutout", codec: count{p: &o.Cutout, low: 1, high: mostImageSide, auto: "none"}},
		{key: "mixup", codec: noneWithin{&o.Mixup, aboveZero}},
		{key: "cutmix", codec: noneWithin{&o.Cutmix, aboveZero}},
	}
}

// noneWithin is a number within limits, or none.
type noneWithin struct {
	p *float64
	limits
}

func (n noneWithin) read(fs *Faults, v *value) {
	if *n.p = 0; v.kind != scalar || v.text != "none" {
		number(n).read(fs, v)
	}
}

func (n noneWithin) write() *value { return orNone{p: n.p}.write() }

// forFirst is a mapping, or a value for the first n of its keys, or none.
type forFirst struct {
	fields
	n int
}

func (f forFirst) read(fs *Faults, v *value) {
	switch {
	case v.kind == mapping || v.null():
		f.fields.read(fs, v)
	case v.kind != scalar || v.text != "none":
		for _, k := range f.fields[:f.n] {
			before := len(*fs)
			if k.read(fs, v); len(*fs) > before {
				return // one mistake
			}
		}
	}
}
