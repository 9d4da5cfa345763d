package cpu

import (
	"slices"

	"github.com/descent-ml/descent/graph"
)

// A block has at most maxBlock examples, and at most maxRows rows of matrices
// if examples have several: its activations then stay in L2 while it passes from
// layer to layer, and the weights are read by enough rows to be worth it.
const (
	maxBlock = 128
	maxRows  = 256

	// Where examples look rows up and multiply no matrix, however many rows each:
	// 128 took 3 to 7 % less time than 64, as calls are fewer.
	maxLookups = 128
)

// imageBlock is the bytes of a block's largest value among images. Their layers have very
// different sizes, so each pass has a block of its own. A quarter of it took 10 % more
// time in LeNet and MobileNet, whose small last layers are products of few rows then.
const imageBlock = 512 << 10

// sizeBlocks chooses the examples of a block and of a strip of each pass. A strip goes
// through rows and sums before the next one does, so that the sums find their operands in
// a cache, where examples are large: images.
func (p *program) sizeBlocks() {
	images := p.plan.Graph.Images()
	for i := range p.passes {
		pass := &p.passes[i]
		if pass.most = p.mostRows(); !images {
			continue
		}
		largest, all := p.bytesOf(pass)
		pass.most = min(maxBlock, int(imageBlock/max(largest, 1)))
		if i < len(p.passes)-1 || !p.perExampleOutputs() {
			group := p.plan.Group
			pass.strip = max(p.eng.threads, int(p.eng.grain.strip/max(all, 1)), 1)
			pass.strip = (pass.strip + group - 1) / group * group
		}
	}
}

// perExampleOutputs reports whether the caller reads rows of the micro-batch, which must
// then be there all at once.
func (p *program) perExampleOutputs() bool {
	return slices.ContainsFunc(p.plan.Graph.Outputs, func(o graph.Output) bool { return o.Node.PerExample() })
}

// bytesOf returns the bytes of an example of the largest value in a pass, and of all.
func (p *program) bytesOf(pass *pass) (largest, all int64) {
	seen := map[*graph.Node]bool{}
	for _, steps := range [][]step{pass.rows, pass.reduce} {
		for i := range steps {
			if steps[i].watched {
				continue
			}
			for _, n := range steps[i].unit.Nodes {
				values := []*graph.Node{n}
				for j := range n.In {
					values = append(values, p.plan.Operand(n, j).Node)
				}
				for _, v := range values {
					if b := p.plan.Buffers[v]; b != nil && v.PerExample() && !seen[v] {
						seen[v] = true
						largest, all = max(largest, b.Bytes), all+b.Bytes
					}
				}
			}
		}
	}
	return largest, all
}

// mostRows returns the most examples of a block.
func (p *program) mostRows() int {
	products := slices.ContainsFunc(p.plan.Graph.Nodes, func(n *graph.Node) bool { return n.PerExample() && n.Op.Class == graph.Contract })
	if len(p.touched) > 0 && !products {
		return maxLookups
	}
	return min(maxBlock, maxRows/p.tallest)
}
