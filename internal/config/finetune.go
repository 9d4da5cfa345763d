package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/optim"
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
