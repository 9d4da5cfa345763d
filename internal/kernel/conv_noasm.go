//go:build !amd64 || purego

package kernel

func (d *side) run(c, a, b, bias []float32, examples int, s *Scratch) {
	d.products(c, a, b, bias, examples, s)
}

func (c *Conv) sumProducts(dw, x, dy []float32, examples, r0, r1 int, init Init, s *Scratch) {
	c.weightProducts(dw, x, dy, examples, r0, r1, init, s)
}
