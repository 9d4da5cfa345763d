package config

import (
	"strings"
	"testing"
)

// TestImageKeys: what is said of images, each way it can be spelled, and how it
// is written.
func TestImageKeys(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"image: {size: auto}, augment: none", "image: {size: auto, color: auto, resize: crop, corrupt: stop, cache: auto}\n  augment: none\n"},
		{"image: {size: 64, color: gray, resize: pad, corrupt: skip, cache: /tmp/x}", "image: {size: 64, color: gray, resize: pad, corrupt: skip, cache: /tmp/x}\n"},
		{"image: {size: [32, 48]}", "image: {size: [32, 48], color"},
		{"augment: standard", "augment: standard\n"},
		{"augment: {crop: 4, flip: horizontal}", "augment: {crop: 4, flip: horizontal}\n"},
		{"augment: {}", "augment: {}\n"},
		{"augment: {resized_crop: 0.3, rotate: 15, color: 0.2, cutout: 8}", "augment:\n    resized_crop: 0.3\n    rotate: 15\n    color: {brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0}\n    cutout: 8\n"},
		{"augment: {color: {hue: 0.1}, rotate: none, randaugment: 2}", "randaugment: {n: 2, magnitude: 9}\n    color: {brightness: 0, contrast: 0, saturation: 0, hue: 0.1}\n"},
		{"augment: {randaugment: {n: 1, magnitude: 5}, mixup: 0.2, cutmix: 1}", "augment: {randaugment: {n: 1, magnitude: 5}, mixup: 0.2, cutmix: 1}\n"},
	} {
		conf := mustParse(t, "data: {train: x, "+c.text+"}")
		if got := string(conf.YAML()); !strings.Contains(got, c.want) {
			t.Errorf("%s: printed\n%s\nwant\n%s", c.text, got, c.want)
		}
		roundTrip(t, conf)
	}
}

// TestImageFaults: mistakes in what is said of images are told with their places.
func TestImageFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"image: {size: 0}", "c:1:32: got 0 (want a whole number, 1 to 4096)"},
		{"image: {size: [3]}", "c:1:32: got a list (want auto, a whole number, or two: [height, width])"},
		{"image: {size: big}", "got big (want auto, a whole number"},
		{"image: {color: red}", "unknown value red (did you mean \"rgb\"?)"},
		{"augment: lite", "got lite (want auto, none, light, standard or strong, or a mapping with crop, padding"},
		{"augment: [crop]", "got a list (want auto, none, light"},
		{"augment: {corp: 4}", `unknown key "corp" (did you mean "crop"?)`},
		{"augment: {rotate: 270}", "got 270 (want above 0, at most 180)"},
		{"augment: {color: 20}", "c:1:35: got 20 (want 0 or more, at most 15)"},
		{"augment: {crop: 4, resized_crop: 0.5}", "crop and resized_crop exclude each other"},
		{"augment: {mixup: -1}", "got -1 (want above 0)"},
	} {
		_, err := Parse("c", []byte("data: {train: x, "+c.text+"}"))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: %v\nwant %s", c.text, err, c.want)
		}
	}
}
