package images

import (
	"bytes"
	"testing"
)

// digits is an image of one channel from rows of digits.
func digits(rows ...string) ([]byte, dims) {
	var p []byte
	for _, r := range rows {
		for _, c := range r {
			p = append(p, byte(c-'0'))
		}
	}
	return p, dims{len(rows), len(rows[0]), 1}
}

// same fails unless an image has these rows of digits.
func same(t *testing.T, what string, got []byte, rows ...string) {
	t.Helper()
	if want, _ := digits(rows...); !bytes.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestShiftCrop(t *testing.T) {
	src, d := digits("123", "456", "789")
	dst := make([]byte, len(src))
	for _, c := range []struct {
		top, left int
		reflect   bool
		want      []string
	}{
		{0, 0, false, []string{"123", "456", "789"}},
		{1, -1, false, []string{"045", "078", "000"}},
		{-2, 2, false, []string{"000", "000", "300"}},
		{1, -1, true, []string{"545", "878", "545"}},
		{-2, 2, true, []string{"987", "654", "321"}},
	} {
		shiftCrop(dst, src, d, c.top, c.left, c.reflect)
		same(t, "crop", dst, c.want...)
	}
}

func TestFlips(t *testing.T) {
	p, d := digits("123456", "789012")
	flipRows(p, d)
	same(t, "rows", p, "654321", "210987")
	flipColumns(p, d)
	same(t, "columns", p, "210987", "654321")
	p, _ = digits("123456123456789789")
	flipRows(p, dims{2, 3, 3})
	same(t, "pixels of three channels", p, "123456123789789456")
	flipRows(p, dims{3, 3, 2})
	same(t, "pixels of two channels", p, "563412893712569478")
}

func TestPaint(t *testing.T) {
	p, d := digits("1111", "1111", "1111", "1111")
	paint(p, d, square(d, 0, 3, 3), []byte{7})
	same(t, "a square that is partly outside", p, "1177", "1177", "1111", "1111")
	paint(p, d, square(d, 2, 1, 2), []byte{8})
	same(t, "a square", p, "1177", "8877", "8811", "1111")
	paint(p, d, box{4, 4, 0, 0}, []byte{9})
	same(t, "nothing", p, "1177", "8877", "8811", "1111")
}

func TestMixes(t *testing.T) {
	p, d := digits("999", "999", "999")
	q, _ := digits("123", "456", "789")
	paste(p, q, d, box{1, 0, 2, 2})
	same(t, "paste", p, "999", "459", "789")
	p, q = []byte{0, 100, 255, 1}, []byte{255, 200, 255, 2}
	add(p, q, toFixed(0.25))
	if want := []byte{191, 175, 255, 2}; !bytes.Equal(p, want) {
		t.Errorf("a quarter and three: %v, want %v", p, want)
	}
	add(p, q, one)
	add(q, p, 0)
	if !bytes.Equal(p, q) {
		t.Errorf("all of one: %v, %v", p, q)
	}
}

// TestMixing: a label's share is that of the pixels.
func TestMixing(t *testing.T) {
	d := dims{16, 12, 3}
	pastes, partners := 0, [5]int{}
	for i := range 20000 {
		m := Augment{Mixup: 0.4, Cutmix: 1}.mixing(drawsOf(i).words(forMix), d, len(partners))
		partners[m.partner]++
		want := float32(m.share) / 65536
		if m.paste {
			pastes++
			p := make([]byte, d.size())
			paint(p, d, m.box, []byte{1, 1, 1})
			want = float32(float64(bytes.Count(p, []byte{0})) / float64(len(p)))
		}
		if m.label != want || m.label < 0 || m.label > 1 {
			t.Fatalf("%+v: the share of the label is not %v", m, want)
		}
	}
	uniform(t, "mixup and cutmix", []int{pastes, 20000 - pastes})
	uniform(t, "partners", partners[:])
}

// TestColorsOfOneValue: changes leave grey images grey, and do nothing at their
// neutral strength.
func TestColorsOfOneValue(t *testing.T) {
	d := dims{4, 4, 3}
	p := bytes.Repeat([]byte{90}, d.size())
	for _, change := range []func(){
		func() { brighten(p, one) }, func() { addContrast(p, d, toFixed(3)) }, func() { saturate(p, d, toFixed(5)) },
		func() { turnHue(p, d, hueCircle/3) }, func() { stretch(p, d) }, func() { equalize(p, d) },
	} {
		if change(); !bytes.Equal(p, bytes.Repeat([]byte{90}, d.size())) {
			t.Fatal(p)
		}
	}
}

// TestHueTurns: a full circle of thirds moves the channels round.
func TestHueTurns(t *testing.T) {
	d := dims{1, 2, 3}
	p := []byte{10, 200, 60, 250, 251, 3}
	turnHue(p, d, hueCircle/3)
	if want := []byte{60, 10, 200, 3, 250, 251}; !bytes.Equal(p, want) {
		t.Errorf("a third: %v, want %v", p, want)
	}
}

// TestExtremes: no strength of RandAugment leaves an image, of any size; and at
// strength 0 the changes that have a strength change nothing.
func TestExtremes(t *testing.T) {
	for _, d := range []dims{{1, 1, 1}, {1, 7, 3}, {5, 2, 4}, {40, 3, 3}} {
		for what := range randChanges {
			for _, strength := range []float64{-1, 1, 0} {
				v := newCanvas(d)
				for i := range v.now {
					v.now[i] = byte(37 * i)
				}
				before := bytes.Clone(v.now)
				v.change(what, strength)
				if strength == 0 && what <= randPosterize && !bytes.Equal(v.now, before) {
					t.Errorf("change %d of %v at strength 0", what, d)
				}
			}
		}
	}
}
