//go:build linux

package main

import (
	"fmt"

	"github.com/descent-ml/descent/internal/kernel"
)

// layer is a convolution as nets have it: square kernel, the same padding on all sides.
type layer struct {
	net                         string
	h, w, in, out               int
	kernel, stride, pad, groups int
}

// layers are those of the nets that bench/convnet trains, and some of larger ones.
var layers = []layer{
	{"ResNet-20", 32, 32, 3, 16, 3, 1, 1, 1},
	{"ResNet-20", 32, 32, 16, 16, 3, 1, 1, 1},
	{"ResNet-20", 32, 32, 16, 32, 3, 2, 1, 1},
	{"ResNet-20", 16, 16, 32, 32, 3, 1, 1, 1},
	{"ResNet-20", 16, 16, 32, 64, 3, 2, 1, 1},
	{"ResNet-20", 8, 8, 64, 64, 3, 1, 1, 1},
	{"LeNet-like", 28, 28, 1, 32, 3, 1, 0, 1},
	{"LeNet-like", 28, 28, 32, 64, 3, 1, 1, 1},
	{"LeNet-like", 26, 26, 32, 64, 3, 1, 0, 1},
	{"LeNet-like", 13, 13, 32, 64, 3, 1, 0, 1},
	{"LeNet-5", 14, 14, 6, 16, 5, 1, 0, 1},
	{"ResNet-18", 56, 56, 64, 64, 3, 1, 1, 1},
	{"ResNet-18", 14, 14, 256, 256, 3, 1, 1, 1},
	{"ResNet-18", 224, 224, 3, 64, 7, 2, 3, 1},
	{"grouped", 28, 28, 64, 64, 3, 1, 1, 4},
	{"MobileNet", 96, 96, 3, 16, 3, 2, 1, 1},
	{"MobileNet", 48, 48, 16, 16, 3, 2, 1, 16},
	{"MobileNet", 12, 12, 96, 96, 5, 2, 2, 96},
	{"MobileNet", 6, 6, 240, 240, 5, 1, 2, 240},
	{"MobileNet", 32, 32, 64, 64, 3, 1, 1, 64},
	{"MobileNet", 16, 16, 128, 128, 3, 1, 1, 128},
	{"MobileNet", 112, 112, 32, 32, 3, 1, 1, 32},
}

func (l layer) String() string {
	return fmt.Sprintf("%dx%dx%d-%d-k%d-s%d-p%d-g%d", l.h, l.w, l.in, l.out, l.kernel, l.stride, l.pad, l.groups)
}

// parse reads what String writes.
func parse(s string) (l layer, err error) {
	_, err = fmt.Sscanf(s, "%dx%dx%d-%d-k%d-s%d-p%d-g%d", &l.h, &l.w, &l.in, &l.out, &l.kernel, &l.stride, &l.pad, &l.groups)
	return l, err
}

func (l layer) size() kernel.ConvSize {
	two := func(n int) [2]int { return [2]int{n, n} }
	made := func(n int) int { return (n+2*l.pad-l.kernel)/l.stride + 1 }
	return kernel.ConvSize{H: l.h, W: l.w, In: l.in, OutH: made(l.h), OutW: made(l.w), Out: l.out,
		Kernel: two(l.kernel), Stride: two(l.stride), Dilation: two(1), Top: l.pad, Left: l.pad, Groups: l.groups}
}

// flops is the operations of an example over useful taps, the same for each direction.
func (l layer) flops() float64 {
	s := l.size()
	return 2 * float64(l.useful(l.h, s.OutH)*l.useful(l.w, s.OutW)*l.in/l.groups*l.out)
}

// useful counts pairs of an output and a tap inside the image along one axis.
func (l layer) useful(size, out int) (n int) {
	for o := range out {
		for k := range l.kernel {
			if at := o*l.stride - l.pad + k; at >= 0 && at < size {
				n++
			}
		}
	}
	return n
}

// bytes is what an example reads and writes at least, weights left out.
func (l layer) bytes() float64 {
	s := l.size()
	return 4 * float64(s.H*s.W*s.In+s.OutH*s.OutW*s.Out)
}
