package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
)

// OfImages reports whether the examples are images of (height, width, channels).
func (s *Sets) OfImages() bool { return s.Schema.Image != nil && len(s.Schema.Image.Mean) > 0 }

// describeImages tells in a line what the images were taken for.
func (s *Sets) describeImages() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data: train %d", s.Train.Len())
	for _, p := range []struct {
		name string
		set  dataset.Dataset
	}{{"val", s.Val}, {"test", s.Test}} {
		if p.set != nil {
			fmt.Fprintf(&b, ", %s %d", p.name, p.set.Len())
		}
	}
	shape := s.Schema.Image.Shape
	fmt.Fprintf(&b, " images of %dx%d, %s; %d classes", shape[0], shape[1], channelNames(shape[2]), len(s.Schema.Target.Classes))
	return b.String()
}

func channelNames(n int) string {
	switch n {
	case 1:
		return colorGray
	case 3:
		return colorRGB
	}
	return fmt.Sprint(n, " channels")
}

// note adds a decision, and why it was made.
func (s *Sets) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// settleForm replaces what is auto in data.image by what the images are.
func (c *Config) settleForm(s *Sets, train *images.Set) {
	i := &c.Data.Image
	if i.Size == [2]int{} {
		i.Size = [2]int{train.Height, train.Width}
	}
	if name := channelNames(train.Channels); i.Color == "auto" && (name == colorGray || name == colorRGB) {
		i.Color = name
	}
}

// settleImages replaces what is auto where images are classified.
func (c *Config) settleImages(s *Sets) error {
	if c.Loss.Kind == "bce" {
		return mistakef("config: loss bce wants values, and the classes of images are numbers (use cross_entropy, also for two classes)")
	}
	if c.autoModel && c.members > 1 {
		return mistakef("config: model: {auto: %d}: ensembles are for tables (want auto, or layers)", c.members)
	}
	d, shape := &c.Data, s.Schema.Image.Shape
	if c.autoModel || !c.modelGiven {
		c.autoImages(s)
	}
	if preset := d.Augment.Preset; preset != "" && preset != images.AugmentNone {
		if err := d.Augment.settle(shape); err != nil {
			return err
		}
		s.note("augment %s: %v", preset, d.Augment.build(0))
	}
	if err := c.settle(s, &raw{}); err != nil {
		return err
	}
	c.settleLength(s.Schema.Rows)
	return nil
}

// adoptForm makes images of other data those of a trained model that is fine-tuned:
// of the same size, normalized in the same way.
func (c *Config) adoptForm(s *Sets, form *dataset.Schema) {
	if form == nil {
		return
	}
	s.Schema.Image = form.Image
	before, now := form.Target.Classes, s.Schema.Target.Classes
	if slices.Equal(before, now) {
		return
	}
	c.newHead = true
	renumber(c.Model, len(before), len(now))
	s.note("the last layer starts anew: the classes are %s, and those of the model %s", some(now), some(before))
}

// someClasses is how many classes are named.
const someClasses = 5

// some names a few of many.
func some(names []string) string {
	if len(names) > someClasses {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:someClasses], ", "), len(names)-someClasses)
	}
	return strings.Join(names, ", ")
}

// augmentTraining changes the training images at random.
func (c *Config) augmentTraining(s *Sets) error {
	a := c.Data.Augment.build(c.Seed)
	if a.Zero() {
		return nil
	}
	augmented, err := images.NewAugmented(s.Train.(*images.Dataset), a)
	if err != nil {
		return mistake{err}
	}
	s.Train = augmented
	return nil
}
