package images

import (
	"encoding/json"
	"os"
	"testing"
)

// made is an image of numbers that testdata/pillow.py makes too.
func made(width, height, channels int) *bitmap {
	b := &bitmap{height, width, channels, make([]uint8, width*height*channels)}
	v := uint32(1)
	for i := range b.pixels {
		v = v*1103515245 + 12345
		b.pixels[i] = uint8(v>>16&63) + uint8(i*3/(channels*2)%192)
	}
	return b
}

// sums are what the golden file has of pixels.
func checksums(pixels []uint8) (all [2]uint32) {
	for i, v := range pixels {
		all[0] += uint32(v)
		all[1] += uint32(i+1) * uint32(v)
	}
	return all
}

func TestResampleAsPillow(t *testing.T) {
	data, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Channels int
		Size, To [2]int
		Box      [4]float64
		Sums     [2]uint32
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	w := new(work)
	for _, c := range cases {
		out := bitmap{c.To[1], c.To[0], c.Channels, make([]uint8, c.To[0]*c.To[1]*c.Channels)}
		from := frame{c.Box[0], c.Box[1], c.Box[2] - c.Box[0], c.Box[3] - c.Box[1]}
		w.resample(&out, made(c.Size[0], c.Size[1], c.Channels), from, place{0, 0, c.To[0], c.To[1]})
		if got := checksums(out.pixels); got != c.Sums {
			t.Errorf("%d channels, %v to %v: sums %v, want %v", c.Channels, c.Size, c.To, got, c.Sums)
		}
	}
}
