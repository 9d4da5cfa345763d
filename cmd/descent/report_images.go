package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"

	"golang.org/x/image/draw"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/report/page"
)

// thumbnailSide is the longest side of an image in a report: larger ones are made
// smaller, so that a sheet of them stays below a megabyte.
const thumbnailSide = 80

// mistakes is the sheet of the images with the greatest loss among those that are
// taken for another class; nil if there are none.
func mistakes(sets *config.Sets, q *assess.Quality) ([]page.Section, error) {
	if len(q.Mistakes) == 0 {
		return nil, nil
	}
	data := map[string]dataset.Dataset{"test": sets.Test, "val": sets.Val}[q.Part]
	sheet := page.Sheet{Caption: "True class, what it is taken for and with which probability"}
	x, buf := dataset.FieldIndex(data.Fields(), dataset.FieldX), dataset.NewBuffers(data.Fields(), 1)
	for _, m := range q.Mistakes {
		if err := data.Gather(buf, 0, []int{m.Example}); err != nil {
			return nil, err
		}
		p, err := picture(sets.Schema.Image.Picture(buf[x].F32()))
		if err != nil || p == nil {
			return nil, err
		}
		p.Alt = fmt.Sprintf("%s taken for %s", m.True, m.Predicted)
		p.Lines = []string{m.True, fmt.Sprintf("→ %s, %s", m.Predicted, strings.ReplaceAll(percent(m.Probability), " ", "\u00a0")), exampleName(m)}
		sheet.Pictures = append(sheet.Pictures, *p)
	}
	intro := fmt.Sprintf("Of the images of the %s data that are taken for another class, those with the greatest loss, the worst first. Some labels may be wrong.", map[string]string{"test": "test", "val": "validation"}[q.Part])
	if q.Mistakes[0].Name == "" {
		intro += " Numbers count the examples of these data from 0."
	}
	return []page.Section{{Title: "Worst mistakes", Intro: intro, Blocks: []page.Block{sheet}}}, nil
}

// picture returns an image for a page, nil of nil.
func picture(m image.Image) (*page.Picture, error) {
	if m == nil {
		return nil, nil
	}
	size := m.Bounds().Size()
	if long := max(size.X, size.Y); long > thumbnailSide {
		size = image.Pt(max(1, size.X*thumbnailSide/long), max(1, size.Y*thumbnailSide/long))
		small := image.NewNRGBA(image.Rectangle{Max: size})
		draw.CatmullRom.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
		m = small
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, m)
	return &page.Picture{PNG: b.Bytes(), Width: size.X, Height: size.Y}, err
}
