package optim

import (
	"strings"

	"github.com/descent-ml/descent/graph"
)

// Part is a set of parameters by what they are in the model.
type Part int

// Parts of a model. The head is the last dense or convolutional layer that was
// declared.
const (
	NoPart    Part = iota
	Hidden         // the weights of all dense and convolutional layers but the head
	NotHidden      // all parameters that are not Hidden: embeddings, biases, norms, the head
)

// parts knows what the parameters of a model are.
type parts struct{ head string } // the name of the head's weight; "" if there is none

func partsOf(params []*graph.Node) parts {
	var m parts
	for _, p := range params {
		if layerWeight(p) {
			m.head = p.Attr.Name
		}
	}
	return m
}

// layerWeight tells the weight of a dense layer, (in, out), or of a convolution,
// (kh, kw, in, out), which files hold transposed. Its last axis are the outputs.
func layerWeight(p *graph.Node) bool { return p.Attr.Init.Transposed && len(p.Shape.Dims) >= 2 }

// inputsOf returns the rows of a layer's weight as a matrix: what an output sees.
func inputsOf(p *graph.Node) int { return p.Shape.Size() / p.Shape.Last() }

// isTable tells a table of embeddings: a matrix whose rows are things of their
// own, which a weight's are not.
func isTable(p *graph.Node) bool { return len(p.Shape.Dims) == 2 && !layerWeight(p) }

// isHead reports whether p is the weight or the bias of the head.
func (m parts) isHead(p *graph.Node) bool {
	return m.head != "" && layerOf(p.Attr.Name) == layerOf(m.head)
}

// layerOf cuts the last element of a dotted name.
func layerOf(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

func (m parts) has(part Part, p *graph.Node) bool {
	hidden := layerWeight(p) && p.Attr.Name != m.head
	switch part {
	case Hidden:
		return hidden
	case NotHidden:
		return !hidden
	}
	return false
}
