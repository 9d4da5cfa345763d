package descent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Predictor predicts for rows of a table, or for images, by a trained model. It is safe for
// concurrent use: as many calls run at once as there are processors, each on
// one thread. A row gets the same bits as descent eval and predict give it.
type Predictor struct {
	model    *checkpoint.Model
	schema   *dataset.Schema
	encoder  *dataset.Encoder // of a table; nil for images
	images   *images.Encoder  // of images, or
	noImage  error            // why a model of pixels does not take images
	targets  []dataset.TargetSchema
	columns  []string
	index    map[string]int // of columns
	slots    chan *slot
	bindings bindings
}

// slot is what one call uses at a time.
type slot struct {
	engine engine.Engine
	eval   *train.Evaluator
	x      []float32
	cat    []int32
	tokens []int32 // of a text, instead
	length []int32 // (1), how many
}

// Load reads the model of a run directory, or a model file.
func Load(path string) (*Predictor, error) {
	path, m, err := read(path)
	if err != nil {
		return nil, err
	}
	return newPredictor(path, m)
}

// read reads the model of a run directory, or a model file, and returns the
// path of the file.
func read(path string) (string, *checkpoint.Model, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, train.ModelName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil, fmt.Errorf("descent: no %s in %s: is its training over?", train.ModelName, filepath.Dir(path))
		}
	}
	m, err := checkpoint.ReadModel(path)
	if err != nil {
		err = fmt.Errorf("descent: %w", err)
	}
	return path, m, err
}

// LoadFS is Load for a model file of fsys, such as an embed.FS.
func LoadFS(fsys fs.FS, name string) (*Predictor, error) {
	m, err := checkpoint.ReadModelFS(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("descent: %w", err)
	}
	return newPredictor(name, m)
}

func newPredictor(name string, m *checkpoint.Model) (*Predictor, error) {
	c, schema, err := parse(name, m)
	if err != nil {
		return nil, err
	}
	p := &Predictor{model: m, schema: schema}
	model, err := c.BuildModel(p.schema)
	if err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	p.targets = p.schema.Targets()
	fields, err := p.fields()
	if err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	if err := p.open(model, fields); err != nil {
		return nil, err
	}
	return p, nil
}

// parse returns the configuration and the schema of a model.
func parse(name string, m *checkpoint.Model) (*config.Config, *dataset.Schema, error) {
	if m.Schema == nil || m.Config == nil {
		return nil, nil, fmt.Errorf("descent: %s has no schema or no configuration: it was written from Go, without them: take its weights for a model of the same form (checkpoint.ReadModel; for text see the example of generate.New)", name)
	}
	s, err := dataset.ParseSchema(m.Schema)
	if err != nil {
		return nil, nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	c, err := config.Parse(name, m.Config)
	if err != nil {
		return nil, nil, fmt.Errorf("descent: %w", err)
	}
	return c, s, nil
}

// fields returns the fields of an example, and learns the columns of a row.
func (p *Predictor) fields() ([]dataset.Field, error) {
	if p.schema.Image != nil {
		return p.imageFields(), nil
	}
	if len(p.schema.Columns) == 0 && p.schema.Text == nil {
		return nil, errors.New("the model is of plain arrays, and its schema does not say how rows become them")
	}
	var err error
	if p.encoder, err = dataset.NewEncoder(p.schema); err != nil {
		return nil, err
	}
	p.index = map[string]int{}
	for i := range p.encoder.Len() {
		p.columns = append(p.columns, p.encoder.Column(i).Name)
		p.index[p.columns[i]] = i
	}
	return p.encoder.Fields(), nil
}

// imageFields are the fields of an image: flat, unless the schema has channels.
func (p *Predictor) imageFields() []dataset.Field {
	m := p.schema.Image
	x := dataset.Field{Name: dataset.FieldX, DType: tensor.F32, Shape: tensor.Shape{p.schema.Width()}}
	if len(m.Mean) > 0 {
		x.Shape = m.Shape
	}
	p.images, p.noImage = images.NewEncoder(m)
	return []dataset.Field{x}
}

// open makes a slot for each processor.
func (p *Predictor) open(model nn.Layer, fields []dataset.Field) error {
	p.slots = make(chan *slot, runtime.GOMAXPROCS(0))
	for range cap(p.slots) {
		s, err := p.newSlot(model, fields)
		if err != nil {
			close(p.slots)
			for s := range p.slots {
				s.engine.Close()
			}
			return fmt.Errorf("descent: %w", err)
		}
		p.slots <- s
	}
	return nil
}

func (p *Predictor) newSlot(model nn.Layer, fields []dataset.Field) (*slot, error) {
	eng, err := train.NewEngine(train.Exec{Threads: 1})
	if err != nil {
		return nil, err
	}
	s := &slot{engine: eng}
	if s.eval, err = train.NewEvaluatorOf(eng, model, nil, fields, p.model.Tensors, 1); err != nil {
		eng.Close()
		return nil, err
	}
	for i, f := range fields {
		s.bind(f, s.eval.Buffers()[i])
	}
	return s, nil
}

// bind takes the buffer of a field.
func (s *slot) bind(f dataset.Field, buf *tensor.Tensor) {
	switch {
	case f.Name == dataset.FieldLength:
		s.length = buf.I32()
	case f.Name == dataset.FieldCat:
		s.cat = buf.I32()
	case f.DType == tensor.I32:
		s.tokens = buf.I32()
	default:
		s.x = buf.F32()
	}
}

// ImageFile is the bytes of a file with an image: JPEG, PNG, GIF, BMP, TIFF or WebP. The
// image is turned upright as its EXIF data say, which image.Decode does not do.
type ImageFile []byte

// Close gives back the memory of the predictor. No call may run or follow.
func (p *Predictor) Close() {
	for range cap(p.slots) {
		(<-p.slots).engine.Close()
	}
}

// Columns returns the names of the columns that a row has, in the order in
// which a row that is a slice gives them; none for images.
func (p *Predictor) Columns() []string { return slices.Clone(p.columns) }

// Schema returns how rows are encoded; the caller must not change it.
func (p *Predictor) Schema() *dataset.Schema { return p.schema }

// Classes returns the names of the classes, in the order of the probabilities;
// nil for a regression.
func (p *Predictor) Classes() []string { return slices.Clone(p.targets[0].Classes) }

// Metrics returns what the model reached in training, as JSON.
func (p *Predictor) Metrics() json.RawMessage { return p.model.Metrics }

// Provenance returns what made the model, as JSON: version, data, fingerprint.
func (p *Predictor) Provenance() json.RawMessage { return p.model.Provenance }

// Predict predicts for a row: a map[string]string, map[string]any or
// map[string]float64 by the names of the columns, a struct or a pointer to one
// with a field or a tag `descent:"name"` for each column, or a []string,
// []float64 or []any in the order of Columns. A nil, a NaN and an empty string
// are missing values. Values that are no column of the model are ignored; a
// column without a value is an error that names all of them, and so is a value
// that does not fit its column.
//
// An image is an image.Image or an ImageFile, of any size: it is brought to that of
// the model as the images of its training were. Or it is a []uint8, []float32 or
// []float64 of pixels, in the order and the units of the data of the training: row by
// row, the channels of a pixel beside each other.
func (p *Predictor) Predict(row any) (Prediction, error) {
	var out Prediction
	err := p.PredictInto(&out, row)
	return out, err
}

// PredictInto is Predict into memory that is used again: it allocates nothing
// once out has been used for this model, but to decode an ImageFile, and for an
// image.Image that is neither gray nor opaque RGBA nor the YCbCr of JPEG.
func (p *Predictor) PredictInto(out *Prediction, row any) error {
	s := <-p.slots
	err := p.encode(s, row)
	if err == nil {
		p.answer(out, s.eval.Run(1).F32())
	}
	p.slots <- s
	return err
}

// Prediction is what a model says of a row.
type Prediction struct {
	// Class is the most probable class, and Index its number; of a regression
	// they are "" and 0. Probabilities are those of the classes, in their order.
	Class         string
	Index         int
	Probabilities []float64

	// Value is the value of a regression, in the units of the data, and Values
	// those of all targets, if there are several.
	Value  float64
	Values []float64

	// Labels are, of several targets of two classes each, whether the second
	// class is the more probable; Probabilities are those of the second classes.
	Labels []bool
}

// answer decodes the scores of a row.
func (p *Predictor) answer(out *Prediction, scores []float32) {
	switch t := &p.targets[0]; {
	case t.Task == dataset.TaskRegression:
		out.Values = slices.Grow(out.Values[:0], len(scores))
		for i, y := range scores {
			out.Values = append(out.Values, p.target(i).Value(y))
		}
		out.Value = out.Values[0]
	case t.Task == dataset.TaskMultiLabel:
		out.Probabilities = p.schema.Probabilities(out.Probabilities[:0], scores)
		out.Labels = slices.Grow(out.Labels[:0], len(scores))
		for _, y := range scores {
			out.Labels = append(out.Labels, y > 0)
		}
	default:
		out.Probabilities = p.schema.Probabilities(slices.Grow(out.Probabilities[:0], len(t.Classes)), scores)
		p.choose(out)
	}
}

func (p *Predictor) target(i int) *dataset.TargetSchema { return &p.targets[min(i, len(p.targets)-1)] }

// choose names the most probable class.
func (p *Predictor) choose(out *Prediction) {
	out.Index = 0
	for i, x := range out.Probabilities {
		if x > out.Probabilities[out.Index] {
			out.Index = i
		}
	}
	out.Class = p.targets[0].Class(out.Index)
}
