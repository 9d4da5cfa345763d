package config

import (
	"fmt"

	"github.com/descent-ml/descent/nn"
)

// conv is a convolution: over the two sides of an image, or along positions.
type conv struct {
	line             bool // along positions
	out              int  // 0: of a depthwise one as many as there are channels
	kernel           [2]int
	stride, dilation int
	pad              border
	groups           int // 0: depthwise
	bias             bool
	standardized     bool
	init, biasInit   initializer
}

func newConv(line bool) *conv {
	return &conv{line: line, kernel: [2]int{3, 3}, stride: 1, dilation: 1, groups: 1, bias: true, init: newInitializer("default"), biasInit: newInitializer("default")}
}

func (c *conv) keys() fields {
	kernel, pad := codec(kernelSides(&c.kernel)), codec(padding{&c.pad})
	if c.line {
		kernel, pad = count{p: &c.kernel[1], low: 1, high: maxKernel}, linePadding{&c.pad}
	}
	return fields{
		{key: "out", codec: count{p: &c.out, low: 1, auto: "auto"}, required: true},
		{key: "kernel", codec: kernel},
		{key: "stride", codec: count{p: &c.stride, low: 1, high: maxKernel}},
		{key: "padding", codec: pad},
		{key: "dilation", codec: count{p: &c.dilation, low: 1, high: maxKernel}},
		{key: "groups", codec: count{p: &c.groups, low: 1, auto: "depthwise"}},
		{key: "bias", codec: flag{&c.bias}},
		{key: "standardized", codec: flag{&c.standardized}},
		{key: "init", codec: c.init.codec()},
		{key: "bias_init", codec: c.biasInit.codec()},
	}
}

// kernelSides are the sides of a window.
func kernelSides(p *[2]int) codec { return sides{p: p, low: 1, high: maxKernel} }

// fault says what is wrong between the options, "" if nothing is.
func (c *conv) fault() string {
	switch {
	case c.out == 0 && c.groups != 0:
		return "out auto is for groups: depthwise, which has as many outputs as inputs"
	case c.groups > 0 && c.out%c.groups != 0:
		return fmt.Sprintf("out %d does not divide among groups: %d", c.out, c.groups)
	}
	return ""
}

func (c *conv) build(*modelContext) nn.Layer {
	l := nn.Conv2d(c.out, c.kernel[0]).Kernel(c.kernel[0], c.kernel[1])
	if c.line {
		l = nn.Conv1d(c.out, c.kernel[1])
	}
	l = l.Stride(c.stride).Dilation(c.dilation)
	if p := c.pad.edges; c.pad.same {
		l = l.Same()
	} else {
		l = l.Pads(p[0], p[1], p[2], p[3])
	}
	if l = l.Groups(c.groups); c.groups == 0 {
		l = l.Depthwise()
	}
	if !c.bias {
		l = l.NoBias()
	}
	if c.standardized {
		l = l.Standardized()
	}
	if i := c.init.build(); i != nil {
		l = l.Init(i)
	}
	if i := c.biasInit.build(); i != nil {
		l = l.BiasInit(i)
	}
	return l
}

// linePadding is padding before and behind positions: a number, a word, or [before,
// behind].
type linePadding struct{ p *border }

func (p linePadding) read(fs *Faults, v *value) {
	faults := len(*fs)
	padding(p).read(fs, v)
	e := &p.p.edges
	switch {
	case len(*fs) > faults || p.p.same:
	case v.kind == sequence && len(v.entries) == 4:
		fs.add(v.at, "got four numbers (want a whole number, same, valid or [before, behind])")
	case v.kind == sequence:
		*e = [4]int{0, 0, e[0], e[2]}
	default:
		e[0], e[1] = 0, 0
	}
}

func (p linePadding) write() *value {
	e := p.p.edges
	list := e[2:]
	switch {
	case p.p.same:
		return &value{text: "same"}
	case e[2] == e[3]:
		return count{p: &e[2]}.write()
	}
	return counts{&list}.write()
}

// pool2d reduces windows of an image to their largest element or their mean.
type pool2d struct {
	size         [2]int
	stride, pad  int  // stride 0: size
	countPadding bool // a mean counts the zeros around
	average      bool
}

func newPool2d(average bool) *pool2d {
	return &pool2d{size: [2]int{2, 2}, countPadding: true, average: average}
}

func (p *pool2d) keys() fields {
	all := fields{
		{key: "size", codec: kernelSides(&p.size)},
		{key: "stride", codec: count{p: &p.stride, low: 1, high: maxKernel, auto: "auto"}},
		{key: "padding", codec: count{p: &p.pad, high: maxKernel}},
	}
	if p.average {
		all = append(all, field{key: "count_padding", codec: flag{&p.countPadding}})
	}
	return all
}

func (p *pool2d) build(*modelContext) nn.Layer {
	l := nn.MaxPool2d(p.size[0])
	if p.average {
		l = nn.AvgPool2d(p.size[0])
	}
	if l = l.Kernel(p.size[0], p.size[1]).Pad(p.pad); p.stride > 0 {
		l = l.Stride(p.stride)
	}
	if !p.countPadding {
		l = l.Inside()
	}
	return l
}

// adaptivePool divides an image into windows, as many as are to come out.
type adaptivePool struct {
	size [2]int
	make func(h, w int) nn.Layer
}

func (p *adaptivePool) keys() fields {
	return fields{{key: "size", codec: kernelSides(&p.size), required: true}}
}

func (p *adaptivePool) build(*modelContext) nn.Layer { return p.make(p.size[0], p.size[1]) }

// convTranspose is the gradient of a convolution as a layer: it makes images larger.
type convTranspose struct {
	out, kernel, stride, pad, outPad, dilation, groups int
	bias                                               bool
	init                                               initializer
}

func newConvTranspose() *convTranspose {
	return &convTranspose{kernel: 2, stride: 2, dilation: 1, groups: 1, bias: true, init: newInitializer("default")}
}

func (c *convTranspose) keys() fields {
	size := func(key string, p *int, low int) field {
		return field{key: key, codec: count{p: p, low: low, high: maxKernel}}
	}
	return fields{
		{key: "out", codec: count{p: &c.out, low: 1}, required: true},
		size("kernel", &c.kernel, 1), size("stride", &c.stride, 1), size("padding", &c.pad, 0), size("output_padding", &c.outPad, 0),
		size("dilation", &c.dilation, 1), size("groups", &c.groups, 1),
		{key: "bias", codec: flag{&c.bias}},
		{key: "init", codec: c.init.codec()},
	}
}

func (c *convTranspose) build(*modelContext) nn.Layer {
	l := nn.ConvTranspose2d(c.out, c.kernel).Stride(c.stride).Pad(c.pad).OutputPad(c.outPad).Dilation(c.dilation).Groups(c.groups)
	if !c.bias {
		l = l.NoBias()
	}
	if i := c.init.build(); i != nil {
		l = l.Init(i)
	}
	return l
}

// groupNorm normalizes groups of channels of each image.
type groupNorm struct {
	groups int
	eps    float64
	affine bool
}

func (g *groupNorm) keys() fields {
	return fields{
		{key: "groups", codec: count{p: &g.groups, low: 1}},
		{key: "eps", codec: number{&g.eps, aboveZero}},
		{key: "affine", codec: flag{&g.affine}},
	}
}

func (g *groupNorm) build(*modelContext) nn.Layer {
	l := nn.GroupNorm(g.groups).Eps(g.eps)
	if !g.affine {
		l = l.Plain()
	}
	return l
}

// squeezeExcite scales channels by what the whole image says.
type squeezeExcite struct{ reduction int }

func (s *squeezeExcite) keys() fields {
	return fields{{key: "reduction", codec: count{p: &s.reduction, low: 1}}}
}

func (s *squeezeExcite) build(*modelContext) nn.Layer { return nn.SqueezeExcite(s.reduction) }
