package config

import (
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
)

// Image says how images become examples of one size.
type Image struct {
	Size    [2]int // height and width; 0: by what there is
	Color   string // auto, gray, rgb
	Resize  string // how other sizes become that one: crop, squash, pad
	Corrupt string // what becomes of an image that cannot be read: stop, skip
	Cache   string // of decoded images: auto, images.CacheNone, or a folder
}

// Formats of images, which are (height, width, channels). IDX and NumPy arrays are
// flat under their own names.
const (
	formatImages = "images"           // whatever package images tells by itself
	formatCIFAR  = images.FormatCIFAR // also a file of which nothing tells it
)

// Words of data.image.
const (
	colorGray, colorRGB      = "gray", "rgb"
	corruptStop, corruptSkip = "stop", "skip"
	cacheAuto                = "auto"
)

// mostImageSide is more pixels along a side than any net here is for.
const mostImageSide = 4096

func newImage() Image {
	return Image{Color: "auto", Resize: dataset.ResizeCrop, Corrupt: corruptStop, Cache: cacheAuto}
}

func (i *Image) keys() fields {
	return fields{
		{key: "size", codec: sides{p: &i.Size, low: 1, high: mostImageSide, auto: "auto"}},
		{key: "color", codec: word{&i.Color, []string{"auto", colorGray, colorRGB}}},
		{key: "resize", codec: word{&i.Resize, []string{dataset.ResizeCrop, dataset.ResizeSquash, dataset.ResizePad}}},
		{key: "corrupt", codec: word{&i.Corrupt, []string{corruptStop, corruptSkip}}},
		{key: "cache", codec: text{&i.Cache}},
	}
}

// imageKeys are the keys of data that are about images.
func (d *Data) imageKeys() fields {
	return fields{{key: "image", codec: d.Image.keys()}, {key: "augment", codec: d.Augment.codec()}}
}

// laterImage are those keys, which came when runs had been stored without them.
var laterImage = new(Data).imageKeys().names()

// sides are a height and a width, written as one number where they are equal.
// auto, if not empty, is the word for none.
type sides struct {
	p         *[2]int
	low, high int
	auto      string
}

func (s sides) read(fs *Faults, v *value) {
	one := func(v *value, p *int) { count{p: p, low: s.low, high: s.high}.read(fs, v) }
	switch {
	case v.kind == scalar && s.auto != "" && v.text == s.auto:
		*s.p = [2]int{}
	case v.kind == sequence && len(v.entries) == 2:
		for i, e := range v.entries {
			one(e.value, &s.p[i])
		}
	case v.kind == scalar && isNumber(v.text):
		one(v, &s.p[0])
		s.p[1] = s.p[0]
	default:
		fs.add(v.at, "got %v (want %s)", v, s.want())
	}
}

func (s sides) want() string {
	w := "a whole number, or two: [height, width]"
	if s.auto != "" {
		w = s.auto + ", " + w
	}
	return w
}

func (s sides) write() *value {
	switch {
	case s.auto != "" && *s.p == [2]int{}:
		return &value{text: s.auto}
	case s.p[0] == s.p[1]:
		return count{p: &s.p[0]}.write()
	}
	list := s.p[:]
	return counts{&list}.write()
}

// padding is how many rows and columns of zeros are around an image: a number, a
// word, [height, width], or [top, bottom, left, right].
type padding struct{ p *border }

// border is padding: same is as much as keeps the size at stride 1.
type border struct {
	same  bool
	edges [4]int // top, bottom, left, right
}

func (b border) uniform() bool {
	return slices.Max(b.edges[:]) == slices.Min(b.edges[:])
}

func (p padding) read(fs *Faults, v *value) {
	want := "a whole number, same, valid, [height, width] or [top, bottom, left, right]"
	*p.p = border{}
	one := func(v *value, at ...int) {
		var n int
		count{p: &n, high: maxKernel}.read(fs, v)
		for _, i := range at {
			p.p.edges[i] = n
		}
	}
	switch n := len(v.entries); {
	case v.kind == scalar && v.text == "same":
		p.p.same = true
	case v.kind == scalar && v.text == "valid":
	case v.kind == scalar && isNumber(v.text):
		one(v, 0, 1, 2, 3)
	case v.kind == sequence && n == 2:
		one(v.entries[0].value, 0, 1)
		one(v.entries[1].value, 2, 3)
	case v.kind == sequence && n == 4:
		for i, e := range v.entries {
			one(e.value, i)
		}
	default:
		fs.add(v.at, "got %v (want %s)", v, want)
	}
}

func (p padding) write() *value {
	e := p.p.edges
	list := e[:]
	switch {
	case p.p.same:
		return &value{text: "same"}
	case p.p.uniform():
		return count{p: &e[0]}.write()
	case e[0] == e[1] && e[2] == e[3]:
		list = []int{e[0], e[2]}
	}
	return counts{&list}.write()
}

// maxKernel is more than any window of a convolution or a pool has along an axis.
const maxKernel = 1024
