package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// readSchema returns the schema of a model file.
func readSchema(path string) (*dataset.Schema, error) {
	m, err := checkpoint.ReadModel(path)
	if err != nil {
		return nil, fmt.Errorf("config: data.schema: %w", err)
	}
	if m.Schema == nil {
		return nil, mistakef("config: data.schema: %s has no schema", path)
	}
	return dataset.ParseSchema(m.Schema)
}

// withFactors adds the groups of lr_factors.
func (c *Config) withFactors(o optim.Optimizer) optim.Optimizer {
	for _, pattern := range slices.Sorted(maps.Keys(c.Factors)) {
		o = o.WithGroups(optim.Group{Match: []string{pattern}, LRFactor: c.Factors[pattern]})
	}
	return o
}

// factors maps patterns of names to factors of the learning rate.
type factors struct{ p *map[string]float64 }

func (f factors) read(fs *Faults, v *value) {
	if v.kind != mapping {
		fs.add(v.at, "got %v (want a mapping of patterns of parameters to factors, such as {\"0.*\": 0.1})", v)
		return
	}
	*f.p = map[string]float64{}
	for _, e := range v.entries {
		var x float64
		number{&x, aboveZero}.read(fs, e.value)
		(*f.p)[e.key] = x
	}
}

func (f factors) write() *value {
	if len(*f.p) == 0 {
		return nil
	}
	v := &value{kind: mapping}
	for _, k := range slices.Sorted(maps.Keys(*f.p)) {
		v.entries = append(v.entries, entry{key: k, value: &value{text: formatNumber((*f.p)[k])}})
	}
	return v
}

// renumber gives the last layer as many outputs as there are classes now, if it has
// as many as there were.
func renumber(list []Layer, before, now int) {
	switch o := list[len(list)-1].Options.(type) {
	case *dense:
		if o.out == before {
			o.out = now
		}
	case interface{ outputs() *int }:
		if *o.outputs() == before {
			*o.outputs() = now
		}
	case *group:
		renumber(o.list, before, now)
	}
}

// dropHead leaves those parameters out of first weights whose size is by the number
// of classes: all of them if the classes are others than those of the weights, else
// those of another size. They start anew.
func (c *Config) dropHead(s *Sets, init checkpoint.Tensors) error {
	classes := len(s.Schema.Target.Classes)
	now, err := c.paramShapes(s)
	if err != nil {
		return err
	}
	renumber(c.Model, classes, classes+1)
	more, err := c.paramShapes(s)
	renumber(c.Model, classes+1, classes)
	if err != nil {
		return err
	}
	for name, shape := range now {
		if t := init[name]; t != nil && !shape.Equal(more[name]) && (c.newHead || t.Size() != shape.Size()) {
			delete(init, name)
			if !c.newHead {
				s.note("%s starts anew: it is %v in %s, for other classes", name, t.Shape(), c.Init)
			}
		}
	}
	return nil
}

// paramShapes returns the shapes of the model's parameters.
func (c *Config) paramShapes(s *Sets) (map[string]tensor.Shape, error) {
	model, err := c.BuildModel(s.Schema)
	if err != nil {
		return nil, err
	}
	var inputs []nn.Input
	for _, f := range s.Train.Fields() {
		inputs = append(inputs, nn.Input(f))
	}
	b := new(graph.Builder)
	x := nn.NewContext(b, true, inputs...)
	x.Model(model)
	shapes := map[string]tensor.Shape{}
	for _, p := range x.Params() {
		shapes[p.Attr.Name] = p.Shape.Dims
	}
	return shapes, b.Err()
}
