package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/tensor"
)

// TestImageLayers: each layer of images, as it is written and as it is built.
func TestImageLayers(t *testing.T) {
	for text, want := range map[string]string{
		"{conv2d: 8}": "Conv2d(8, 3x3)",
		"{conv2d: {out: 8, kernel: [3, 5], stride: 2, padding: [1, 2]}}":                           "Conv2d(8, 3x5, stride 2, pad [1 1 2 2])",
		"{conv2d: {out: 8, padding: [0, 1, 0, 1], dilation: 2}}":                                   "Conv2d(8, 3x3, dilation 2, pad [0 1 0 1])",
		"{conv2d: {out: auto, groups: depthwise, padding: same}}":                                  "Conv2d(3x3, same, depthwise)",
		"{conv2d: {out: 8, kernel: 1, groups: 4, bias: false, standardized: true, init: kaiming}}": "Conv2d(8, 1x1, groups 4, standardized)",
		"{conv1d: {out: 8, kernel: 5, padding: [4, 0]}}":                                           "Conv1d(8, 5, pad [0 0 4 0])",
		"{conv1d: {out: 8, padding: 1}}":                                                           "Conv1d(8, 3, pad [0 0 1 1])",
		"{conv1d: {out: 8, padding: same}}":                                                        "Conv1d(8, 3, same)",
		"{conv_transpose2d: 8}":                                                                    "ConvTranspose2d(8, 2x2, stride 2)",
		"max_pool2d":                                                                               "MaxPool2d(2x2)",
		"{max_pool2d: {size: 3, stride: 2, padding: 1}}":                                           "MaxPool2d(3x3, stride 2, pad 1)",
		"{avg_pool2d: {size: [2, 1], count_padding: false}}":                                       "AvgPool2d(2x1, inside)",
		"global_avg_pool":                                                                          "GlobalAvgPool",
		"global_max_pool":                                                                          "GlobalMaxPool",
		"{adaptive_avg_pool2d: 2}":                                                                 "AdaptiveAvgPool2d(2, 2)",
		"{adaptive_max_pool2d: [2, 3]}":                                                            "AdaptiveMaxPool2d(2, 3)",
		"{groupnorm: 4}":                                                                           "GroupNorm(4)",
		"{dropout2d: 0.1}":                                                                         "Dropout2d(0.1)",
		"{squeeze_excite: 4}":                                                                      "SqueezeExcite(4)",
		"{residual: {layers: [relu], shortcut: [{conv2d: 4}]}}":                                    "Shortcut",
		"{residual: [relu]}":                                                                       "Residual",
		"lenet":                                                                                    "LeNet",
		"{resnet20: {shortcut: projection, group: 8}}":                                             "ResNet-20",
		"resnet110":       "ResNet-110",
		"resnet18":        "ResNet-18",
		"mobilenet_small": "MobileNetV3-Small",
	} {
		c := mustParse(t, "data: {train: x}\nmodel: ["+text+"]")
		if got := fmt.Sprint(c.Model[0].Options.build(&modelContext{outputs: 10})); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
		roundTrip(t, c)
	}
	if c := mustParse(t, "data: {train: x}\nmodel: resnet20"); !c.lone {
		t.Error("a net by its name is not the whole model")
	}
	old := mustParse(t, "data: {train: x}\nmodel: [{residual: [{dense: 3}]}]")
	if text := string(old.YAML()); !strings.Contains(text, "- residual:\n      - dense:") && !strings.Contains(text, "{residual: [{dense:") {
		t.Errorf("a residual without a shortcut is written otherwise than before:\n%s", text)
	}
}

// TestImageLayerFaults: mistakes in layers are told with their places.
func TestImageLayerFaults(t *testing.T) {
	for text, want := range map[string]string{
		"{conv2d: {out: 8, kernel: 0}}":                "got 0 (want a whole number, 1 to 1024)",
		"{conv2d: {out: 8, kernel: [3]}}":              "want a whole number, or two: [height, width]",
		"{conv2d: {out: 8, padding: full}}":            "got full (want a whole number, same, valid",
		"{conv2d: {out: 8, groups: 3}}":                "conv2d: out 8 does not divide among groups: 3",
		"{conv2d: auto}":                               "out auto is for groups: depthwise",
		"{conv1d: {out: 8, padding: [1, 1, 1, 1]}}":    "want a whole number, same, valid or [before, behind]",
		"{adaptive_avg_pool2d: {}}":                    `"size" is missing`,
		"{residual: {layers: [relu], shortcut: relu}}": "want a list of layers",
		"{resnet20: {shortcut: c}}":                    "unknown value c",
	} {
		_, err := Parse("c", []byte("data: {train: x}\nmodel: ["+text+"]"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	dir := t.TempDir()
	writePhotos(t, dir, 2, 8, "top", "left")
	for model, want := range map[string]string{
		"[{residual: {layers: [{conv2d: 4}], shortcut: [{conv2d: {out: 4, groups: 2}}]}}, flatten, {dense: auto}]": "layer 0.shortcut.0, conv2d",
		"[{residual: {layers: [{conv2d: 4}], shortcut: [{conv2d: {out: 4, kernel: 1}}]}}, flatten, {dense: auto}]": "layer 0, residual: the shortcut gives",
		"[{conv2d: 4}, {dense: auto}]": "the model gives scores for each of 36 places, and an image has one class",
	} {
		c := mustParse(t, "data: {train: "+dir+"}\nmodel: "+model)
		s, err := c.Load(nil)
		if err == nil {
			_, err = c.BuildTrain(s)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", model, err, want)
		}
	}
}

// TestFirstWeightsOfOtherClasses: of weights for another number of classes all but
// those of the last layer are taken.
func TestFirstWeightsOfOtherClasses(t *testing.T) {
	dir := t.TempDir()
	writePhotos(t, dir, 2, 8, "top", "left")
	path := filepath.Join(dir, "first.safetensors")
	first := checkpoint.Tensors{"0.weight": tensor.New(tensor.F32, 4, 3, 3, 3), "0.bias": tensor.New(tensor.F32, 4), "2.weight": tensor.New(tensor.F32, 9, 4), "2.bias": tensor.New(tensor.F32, 9)}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Encode(f, first, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	c := mustParse(t, "data: {train: "+dir+"}\nmodel: [{conv2d: 4}, global_avg_pool, {dense: auto}]\ninit: "+path)
	s, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	built, err := c.BuildTrain(s)
	if err != nil || len(built.Init) != 2 || built.Init["0.weight"] == nil || len(s.Notes) != 2 || !strings.Contains(s.Notes[0], "starts anew") {
		t.Errorf("%v: %v, %q", err, built.Init, s.Notes)
	}
}
