package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// skipCorrupt is to leave out files that cannot be read as images.
const skipCorrupt = "skip"

// predictFiles writes the class and the probabilities of each image that paths name.
// corrupt says what becomes of files that cannot be read: stop or skip.
func (t *trained) predictFiles(ctx context.Context, paths []string, p *predictions, corrupt string, stderr io.Writer) error {
	e, err := images.NewEncoder(t.schema.Image)
	if err != nil {
		return err
	}
	return t.config.WithEngine(func(eng engine.Engine) error {
		x := dataset.Field{Name: dataset.FieldX, DType: tensor.F32, Shape: t.schema.Image.Shape}
		if len(t.schema.Image.Mean) == 0 {
			x.Shape = tensor.Shape{t.schema.Width()}
		}
		eval, err := train.NewEvaluator(eng, t.model, nil, []dataset.Field{x}, t.run.Params)
		if err != nil {
			return err
		}
		buf := eval.Buffers()[0]
		f := &filePredictions{predictions: p, ctx: ctx, encoder: e, eval: eval, x: buf.F32(), room: buf.Shape()[0], skip: corrupt == skipCorrupt, stderr: stderr}
		return f.all(paths)
	})
}

// filePredictions predicts for image files, as many at once as the evaluator has room
// for, so a folder may have any number of them.
type filePredictions struct {
	*predictions
	ctx     context.Context
	encoder *images.Encoder
	eval    *train.Evaluator
	x       []float32 // (room, features)
	room    int
	skip    bool // files that cannot be read
	stderr  io.Writer

	files   []string // of the piece at hand
	left    int      // out
	written int
}

func (p *filePredictions) all(paths []string) error {
	for _, path := range paths {
		before := p.written + p.left + len(p.files)
		if err := eachImage(path, p.add); err != nil {
			return err
		}
		if p.written+p.left+len(p.files) == before {
			return fmt.Errorf("%s has no images (want JPEG, PNG, GIF, BMP, TIFF or WebP; IDX, CIFAR and NumPy data are given by --data)", path)
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	if p.left > 0 {
		fmt.Fprintf(p.stderr, "%d of %d files were left out: they are no images\n", p.left, p.left+p.written)
	}
	if p.written == 0 {
		return errors.New("none of the files is an image")
	}
	return nil
}

// eachImage calls f with a file, or with the images in a folder and below it, in the order
// of their names. What is hidden is left out.
func eachImage(path string, f func(file string) error) error {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return errors.Join(err, f(path))
	}
	// With a separator behind it, a link to a folder is walked too.
	return filepath.WalkDir(path+string(filepath.Separator), func(at string, d fs.DirEntry, err error) error {
		switch hidden := strings.HasPrefix(d.Name(), ".") || d.Name() == "__MACOSX"; {
		case err != nil:
			return err
		case d.IsDir() && hidden && filepath.Clean(at) != filepath.Clean(path):
			return filepath.SkipDir
		case d.IsDir() || hidden || !images.IsImage(at):
			return nil
		}
		return f(filepath.Clean(at))
	})
}

func (p *filePredictions) add(file string) error {
	if p.files = append(p.files, file); len(p.files) < p.room {
		return nil
	}
	return p.flush()
}

// flush predicts for the files at hand and writes the result.
func (p *filePredictions) flush() error {
	if err := context.Cause(p.ctx); err != nil {
		return err
	}
	width := p.encoder.Len()
	errs := p.read(width)
	rows := 0
	for i, err := range errs {
		switch {
		case err != nil && !p.skip:
			return err
		case err != nil:
			p.left++
			fmt.Fprintf(p.stderr, "left out: %v\n", err)
			continue
		}
		copy(p.x[rows*width:(rows+1)*width], p.x[i*width:])
		p.files[rows] = p.files[i]
		rows++
	}
	if rows == 0 {
		p.files = p.files[:0]
		return nil
	}
	scores := p.eval.Run(rows)
	err := p.put(p.files[:rows], scores.F32(), scores.Size()/scores.Shape()[0])
	p.written, p.files = p.written+rows, p.files[:0]
	return err
}

// read decodes the files at hand on all processors.
func (p *filePredictions) read(width int) []error {
	errs := make([]error, len(p.files))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(p.files)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(errs); i = int(next.Add(1)) - 1 {
				file, err := os.ReadFile(p.files[i])
				if err == nil {
					err = p.encoder.File(p.x[i*width:(i+1)*width], file)
				}
				if err != nil {
					errs[i] = fmt.Errorf("%s: %w", p.files[i], err)
				}
			}
		})
	}
	all.Wait()
	return errs
}

// put writes what the scores of files mean.
func (p *filePredictions) put(files []string, scores []float32, width int) error {
	if p.table != nil {
		return p.rows(files, scores, width)
	}
	t := &p.schema.Target
	for i, file := range files {
		probabilities := p.schema.Probabilities(nil, scores[i*width:(i+1)*width])
		best, _ := bestTwo(probabilities)
		names, values := []string{"file", "class", "probability"}, []any{file, t.Class(best), probabilities[best]}
		for c, x := range probabilities {
			names, values = append(names, "p("+t.Class(c)+")"), append(values, x)
		}
		if err := p.line(names, values); err != nil {
			return err
		}
	}
	return nil
}

// rows writes a table for people: the most probable class of each file, and the next.
func (p *filePredictions) rows(files []string, scores []float32, width int) error {
	t := tabwriter.NewWriter(p.table, 0, 0, 2, ' ', 0)
	if !p.begun {
		p.begun = true
		fmt.Fprintln(t, "file\tclass\tprobability\tnext\tprobability")
	}
	target := &p.schema.Target
	for i, file := range files {
		probabilities := p.schema.Probabilities(nil, scores[i*width:(i+1)*width])
		best, next := bestTwo(probabilities)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", file, target.Class(best), percent(probabilities[best]), target.Class(next), percent(probabilities[next]))
	}
	return t.Flush()
}

// bestTwo returns the most probable class, the first of several, and the next.
func bestTwo(probabilities []float64) (best, next int) {
	for c, x := range probabilities {
		if x > probabilities[best] {
			best = c
		}
	}
	next = -1
	for c, x := range probabilities {
		if c != best && (next < 0 || x > probabilities[next]) {
			next = c
		}
	}
	return best, max(next, 0)
}

// named returns the files and folders that arguments name; one that does not exist is a
// pattern.
func named(args []string) (paths []string, err error) {
	for _, arg := range args {
		if _, err := os.Stat(arg); err == nil {
			paths = append(paths, arg)
			continue
		}
		found, err := filepath.Glob(arg)
		if err != nil {
			return nil, usagef("%s: %v", arg, err)
		}
		if len(found) == 0 {
			return nil, usagef("there is no file or folder %s, and nothing matches it as a pattern", arg)
		}
		paths = append(paths, slices.DeleteFunc(found, func(path string) bool { return isHidden(path) && !isHidden(arg) })...)
	}
	return paths, nil
}

// isHidden reports whether a file or a pattern is of those that shells and folders leave
// out unless they are named.
func isHidden(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") }

// isImagePath reports whether data are image files: one, or a folder of them.
func isImagePath(path string) bool {
	if images.IsImage(path) {
		return true
	}
	format, err := images.Detect(path)
	return err == nil && format == images.FormatFolders
}

// isTerminal reports whether people see at once what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
