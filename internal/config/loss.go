package config

import (
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
)

// Loss is a kind of loss and its options. "auto" is cross_entropy for classes
// and mse for values.
type Loss struct {
	Kind    string
	Options lossOptions
}

type lossOptions interface {
	part
	build() nn.Loss
}

var lossKinds = []alternative[lossOptions]{
	{"auto", func() lossOptions { return plainLoss{nil} }},
	{"cross_entropy", func() lossOptions { return &crossEntropy{} }},
	{"bce", func() lossOptions { return &bce{positive: 1} }},
	{"mse", func() lossOptions { return plainLoss{nn.MSE()} }},
	{"mae", func() lossOptions { return plainLoss{nn.MAE()} }},
	{"huber", func() lossOptions { return &huber{1} }},
	{"bpr", func() lossOptions { return plainLoss{nn.BPR()} }},
	{"sampled_softmax", func() lossOptions { return plainLoss{nn.SampledSoftmax()} }},
	{"in_batch", func() lossOptions { return &inBatch{256} }},
}

func newLoss(name string) Loss {
	for _, k := range lossKinds {
		if k.name == name {
			return Loss{name, k.make()}
		}
	}
	panic("config: no loss " + name)
}

func (l *Loss) codec() codec {
	return choice[lossOptions]{"loss", lossKinds, &l.Kind, &l.Options}
}

// task returns the task that the loss is for, "" for either.
func (l *Loss) task() string {
	switch l.Kind {
	case "cross_entropy", "bce":
		return "classification"
	case "auto":
		return ""
	case "bpr", "sampled_softmax", "in_batch":
		return dataset.TaskRanking
	}
	return "regression"
}

func (l *Loss) check(fs *Faults, at place, task string) {
	if task == dataset.TaskLanguage && l.Kind == "cross_entropy" {
		task = l.task()
	}
	if task == dataset.TaskRanking {
		return // every loss is for one
	}
	if t := l.task(); t != "" && task != "auto" && t != task && (l.Kind != "bce" || task != "multilabel") {
		fs.add(at, "loss %s is for %s, but data.task is %s", l.Kind, t, task)
	}
	if c, ok := l.Options.(*crossEntropy); ok && len(c.classes) > 0 && slices.Max(c.classes) == 0 {
		fs.add(at, "every class weight is 0, so nothing would be learned (want one above 0)")
	}
}

type plainLoss struct{ l nn.Loss }

func (plainLoss) keys() fields     { return nil }
func (p plainLoss) build() nn.Loss { return p.l }

type crossEntropy struct {
	smoothing float64
	classes   []float64
	balanced  bool // until Load: classes by their frequency
}

func (c *crossEntropy) keys() fields {
	return fields{
		{key: "label_smoothing", codec: number{&c.smoothing, fraction}},
		{key: "class_weights", codec: classWeights{numbers{&c.classes, zeroOrMore}, &c.balanced}},
	}
}

func (c *crossEntropy) build() nn.Loss {
	l := nn.CrossEntropy().LabelSmoothing(c.smoothing)
	if len(c.classes) > 0 {
		l = l.ClassWeights(c.classes...)
	}
	return l
}

type bce struct{ positive float64 }

func (b *bce) keys() fields {
	return fields{{key: "positive_weight", codec: number{&b.positive, aboveZero}}}
}

type huber struct{ delta float64 }

func (h *huber) keys() fields {
	return fields{{key: "delta", codec: number{&h.delta, aboveZero}}}
}

func (h *huber) build() nn.Loss { return nn.Huber(h.delta) }

// inBatch compares with the items of a group of examples.
type inBatch struct{ group int }

func (l *inBatch) keys() fields {
	return fields{{key: "group", codec: count{p: &l.group, low: 2, high: 1 << 16}}}
}

func (l *inBatch) build() nn.Loss { return nn.InBatch(l.group) }

func (b *bce) build() nn.Loss { return nn.BCEWithLogits().PositiveWeight(b.positive) }
