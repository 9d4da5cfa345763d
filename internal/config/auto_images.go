package config

import (
	"fmt"

	"github.com/descent-ml/descent/batch"
)

// takesImages reports whether a model has a layer for images of (height, width,
// channels), and none before it that gives them their shape.
func takesImages(list []Layer) bool {
	for _, l := range list {
		switch o := l.Options.(type) {
		case *conv:
			return !o.line
		case *pool2d, *adaptivePool, *imageNet, *smallResNet:
			return true
		case *dense, *reshape:
			return false
		case nested:
			for _, inner := range o.inner() {
				if takesImages(inner) {
					return true
				}
			}
		}
	}
	return false
}

// The automatic nets of images. A small residual net is for as many pixels as
// CIFAR's; of larger images the first layers halve the sides until they are that.
const (
	trunkSide   = 40       // that the stages of a residual net begin with, at most
	trunkWidth  = 32       // channels of the first stage
	manyImages  = 20_000   // from here on half as many, which costs a quarter of the time
	trunkBlocks = 2        // of each stage
	leastSteps  = 5000     // updates of a run
	fewestPass  = 12       // epochs
	mostPass    = 60       // likewise
	largeBatch  = 128      // of many images
	largeSet    = 128 * 64 // images, from here on a batch is large
)

// autoImages makes the model of images without more.
func (c *Config) autoImages(s *Sets) {
	shape, rows := s.Schema.Image.Shape, s.Schema.Rows
	c.autoModel, c.sizedImages, c.lone = false, true, false
	size := fmt.Sprintf("%d images of %dx%d", rows, shape[0], shape[1])
	switch side := max(shape[0], shape[1]); {
	case isSmallGray(shape):
		c.Model = convNet()
		s.note("model auto: two convolutions of 32 and 64 channels, for %s, gray", size)
	case side <= trunkSide:
		c.Model, c.lone = []Layer{newLayer("resnet20")}, true
		s.note("model auto: resnet20, for %s", size)
	default:
		width := trunkWidth
		if rows >= manyImages {
			width /= 2
		}
		c.Model = residualNet(side, width)
		s.note("model auto: a residual net of %d to %d channels, for %s", width, 4*width, size)
	}
}

// SizeForImages makes the default batch and budget those of the recipe of docs/images.md,
// whatever the model is.
func (c *Config) SizeForImages() { c.sizedImages = true }

// settleImagesLength makes the batch and the budget of the automatic model of images.
func (c *Config) settleImagesLength(examples int) {
	if !c.batchGiven {
		c.Batch = min(32, examples)
		if examples >= largeSet {
			c.Batch = largeBatch
		}
	}
	if !c.budgetGiven {
		epochs := 1 + (leastSteps-1)/c.updates(examples)
		c.Budget = batch.Epochs(float64(max(fewestPass, min(epochs, mostPass))))
	}
}

// convLayers is a convolution that keeps the size, or divides it by a stride, and a
// batch norm, which makes a bias useless.
func convLayers(out, kernel, stride int) []Layer {
	c := newConv(false)
	c.out, c.kernel, c.stride, c.bias = out, [2]int{kernel, kernel}, stride, false
	for i := range c.pad.edges {
		c.pad.edges[i] = kernel / 2
	}
	c.init = newInitializer("kaiming_normal")
	return []Layer{{Kind: "conv2d", Options: c}, newLayer("batchnorm")}
}

// convNet is a net for small gray images, such as digits: two convolutions, each with
// the maximum of windows behind it.
func convNet() []Layer {
	var all []Layer
	for _, out := range []int{32, 64} {
		all = append(append(all, convLayers(out, 3, 1)...), newLayer("relu"), newLayer("max_pool2d"))
	}
	return append(all, newLayer("flatten"), newLayer("dropout"), newLayer("dense"))
}

// residualNet is a residual net for images of a side, three stages of so many channels,
// twice and four times as many (He, Zhang, Ren, Sun, CVPR 2016), behind convolutions
// that halve the side until a stage can begin.
func residualNet(side, width int) []Layer {
	var all []Layer
	for stride := 2; ; side /= 2 {
		if side <= trunkSide {
			stride = 1
		}
		if all = append(append(all, convLayers(width, 3, stride)...), newLayer("relu")); stride == 1 {
			break
		}
	}
	in := width
	for stage := range 3 {
		out := width << stage
		for range trunkBlocks {
			all = append(all, residualBlock(in, out), newLayer("relu"))
			in = out
		}
	}
	return append(all, newLayer("global_avg_pool"), newLayer("dense"))
}

// residualBlock is two convolutions beside a shortcut, which is a projection where the
// channels change; then the size is halved.
func residualBlock(in, out int) Layer {
	stride := 1 + min(1, out-in)
	r := &residual{list: append(append(convLayers(out, 3, stride), newLayer("relu")), convLayers(out, 3, 1)...)}
	if stride > 1 {
		r.shortcut = convLayers(out, 1, stride)
	}
	return Layer{Kind: "residual", Options: r}
}
