package main

import (
	"bytes"
	"fmt"
	"image/png"

	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/report"
)

// How many examples a sheet shows, and in how many epochs.
const sheetExamples, sheetEpochs = 10, 10

// writeSheet paints training images, as they are and as training sees them, if there is a path.
func (a *app) writeSheet(path string, sets *config.Sets) error {
	if path == "" {
		return nil
	}
	changed, ok := sets.Train.(*images.Augmented)
	if !ok {
		return usagef("--sheet shows how images are changed for training, and these are not (data.augment: standard)")
	}
	var b bytes.Buffer
	if err := png.Encode(&b, changed.Sheet(sheetExamples, sheetEpochs)); err != nil {
		return fmt.Errorf("sheet: %w", err)
	}
	if err := report.WriteFile(path, b.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "sheet: %s: %d images as they are, and in epochs 1 to %d\n", path, min(sheetExamples, changed.Len()), sheetEpochs)
	return nil
}
