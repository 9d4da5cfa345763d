package images

// sharpen writes src, f times as far from its blur, to dst: f below 1 softens. The
// blur is (1 1 1; 1 5 1; 1 1 1)/13, rounded, as Pillow's SMOOTH; pixels of the
// border stay. dst and src do not overlap.
func sharpen(dst, src []byte, d dims, f fixed) {
	copy(dst, src)
	row := d.row()
	for y := 1; y < d.h-1; y++ {
		above, in, below := src[(y-1)*row:][:row], src[y*row:][:row], src[(y+1)*row:][:row]
		out := dst[y*row:][:row]
		for i := d.c; i < row-d.c; i++ {
			l, r := i-d.c, i+d.c
			sum := int32(above[l]) + int32(above[i]) + int32(above[r]) + int32(in[l]) + 5*int32(in[i]) + int32(in[r]) +
				int32(below[l]) + int32(below[i]) + int32(below[r])
			out[i] = blend(int32(in[i]), (sum+6)/13, f)
		}
	}
}

// posterize keeps so many high bits of each value, 1 to 8.
func posterize(p []byte, bits int) {
	mask := byte(0xff) << (8 - bits)
	for i := range p {
		p[i] &= mask
	}
}

// solarize inverts the values from a threshold on.
func solarize(p []byte, threshold int) {
	for i, v := range p {
		if int(v) >= threshold {
			p[i] = 255 - v
		}
	}
}

// stretch makes the smallest value of each channel 0 and the largest 255:
// autocontrast, rounded where Pillow cuts off.
func stretch(p []byte, d dims) {
	for k := range d.c {
		lo, hi := 255, 0
		for i := k; i < len(p); i += d.c {
			lo, hi = min(lo, int(p[i])), max(hi, int(p[i]))
		}
		if lo >= hi {
			continue
		}
		for i := k; i < len(p); i += d.c {
			p[i] = byte(((int(p[i])-lo)*510 + hi - lo) / (2 * (hi - lo)))
		}
	}
}

// equalize makes the values of each channel about equally frequent, as Pillow
// does: value v becomes (those below v, and half a step)/step, a step being a 255th of those
// below the largest value.
func equalize(p []byte, d dims) {
	for k := range d.c {
		var count [256]int
		last := byte(0)
		for i := k; i < len(p); i += d.c {
			count[p[i]]++
			last = max(last, p[i])
		}
		step := (len(p)/d.c - count[last]) / 255
		if step == 0 {
			continue
		}
		var table [256]byte
		below := step / 2
		for v, n := range count {
			table[v] = byte(min(below/step, 255))
			below += n
		}
		for i := k; i < len(p); i += d.c {
			p[i] = table[p[i]]
		}
	}
}
