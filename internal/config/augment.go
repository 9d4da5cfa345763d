package config

import "slices"

// Augment says how training images are changed at random: a preset by its name,
// until the size of the images is known, or the options themselves. What is 0 is off.
type Augment struct {
	Preset      string // none, light, standard, strong; "": the options
	Crop        int    // pixels: of a border of zeros, out of which a window of the old size is cut
	ResizedCrop float64
	Flip        string // none, horizontal, vertical, both
	Rotate      float64
	Color       ColorJitter
	Cutout      int
	RandAugment RandAugment
	MixUp       float64
	CutMix      float64
}

// ColorJitter is how far brightness, contrast, saturation (shares) and hue (turns)
// go astray.
type ColorJitter struct{ Brightness, Contrast, Saturation, Hue float64 }

// RandAugment is how many operations are drawn for an image, and how strong they
// are.
type RandAugment struct {
	N         int
	Magnitude float64
}

// augmentPresets are the names of what is made for images of any size.
var augmentPresets = []string{"none", "light", "standard", "strong"}

func newAugment() Augment { return Augment{Preset: "none"} }

// augmentOptions is the default of what a mapping leaves out.
func augmentOptions() Augment { return Augment{Flip: "none", RandAugment: RandAugment{Magnitude: 9}} }

func (a *Augment) codec() codec { return augment{a} }

// augment is a preset by name, or a mapping of options.
type augment struct{ p *Augment }

func (a augment) read(fs *Faults, v *value) {
	if v.kind == mapping {
		*a.p = augmentOptions()
		a.p.options().read(fs, v)
		return
	}
	if v.kind != scalar || !slices.Contains(augmentPresets, v.text) {
		fs.add(v.at, "got %v (want %s, or a mapping with %s)", v, list(augmentPresets), list(a.p.options().names()))
		return
	}
	*a.p = Augment{Preset: v.text}
}

func (a augment) write() *value {
	if a.p.Preset != "" {
		return &value{text: a.p.Preset}
	}
	all, plain := a.p.options().write(), augmentOptions()
	none := plain.options().write()
	all.entries = slices.DeleteFunc(all.entries, func(e entry) bool { return e.value.flow() == none.find(e.key).flow() })
	return all
}

func (a *Augment) options() fields {
	return fields{
		{key: "crop", codec: count{p: &a.Crop, low: 1, high: mostImageSide, auto: "none"}},
		{key: "resized_crop", codec: noneWithin{&a.ResizedCrop, limits{low: 0, openLow: true, high: 1}}},
		{key: "flip", codec: word{&a.Flip, []string{"none", "horizontal", "vertical", "both"}}},
		{key: "rotate", codec: noneWithin{&a.Rotate, limits{low: 0, openLow: true, high: 180}}},
		{key: "color", codec: forFirst{fields{
			{key: "brightness", codec: number{&a.Color.Brightness, unit}},
			{key: "contrast", codec: number{&a.Color.Contrast, unit}},
			{key: "saturation", codec: number{&a.Color.Saturation, unit}},
			{key: "hue", codec: number{&a.Color.Hue, limits{low: 0, high: 0.5}}},
		}, 3}},
		{key: "cutout", codec: count{p: &a.Cutout, low: 1, high: mostImageSide, auto: "none"}},
		{key: "randaugment", codec: forFirst{fields{
			{key: "n", codec: count{p: &a.RandAugment.N, high: 16}},
			{key: "magnitude", codec: number{&a.RandAugment.Magnitude, limits{low: 0, high: 10}}},
		}, 1}},
		{key: "mixup", codec: noneWithin{&a.MixUp, aboveZero}},
		{key: "cutmix", codec: noneWithin{&a.CutMix, aboveZero}},
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
