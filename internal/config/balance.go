package config

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// classWeights is a list of numbers, or balanced.
type classWeights struct {
	numbers
	balanced *bool
}

func (c classWeights) read(fs *Faults, v *value) {
	if *c.balanced = v.kind == scalar && v.text == "balanced"; !*c.balanced {
		c.numbers.read(fs, v)
	}
}

func (c classWeights) write() *value {
	if *c.balanced {
		return &value{text: "balanced"}
	}
	return c.numbers.write()
}

// balance gives each class the weight n/(classes·count) of the n training
// examples, if the loss asks for it: all classes then count alike.
func (c *Config) balance(s *Sets) error {
	loss, ok := c.Loss.Options.(*crossEntropy)
	if !ok || !loss.balanced {
		return nil
	}
	counts := make([]float64, len(s.Schema.Target.Classes))
	fields := s.Train.Fields()
	y := dataset.FieldIndex(fields, dataset.FieldY)
	if fields[y].DType != tensor.I32 {
		return mistakef("config: loss: balanced classes, but the target %s has none", s.Schema.Target.Name)
	}
	buf := dataset.NewBuffers(fields, 1)
	for i := range s.Train.Len() {
		if err := s.Train.Gather(buf, 0, []int{i}); err != nil {
			return err
		}
		for _, class := range buf[y].I32() {
			counts[class]++
		}
	}
	loss.classes, loss.balanced = make([]float64, len(counts)), false
	for i, n := range counts {
		if loss.classes[i] = 1; n > 0 {
			loss.classes[i] = float64(s.Train.Len()) / (float64(len(counts)) * n)
		}
	}
	return nil
}
