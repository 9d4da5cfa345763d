package main

// The row kernels of attention. Streams are numbered as in attention_row.go; the
// formulas are those of attention_ref.go.

// scaleRowsKernel has streams x, y, and a factor for each row.
func scaleRowsKernel(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2}, func(f *frame) {
		r := f.loadOne(2)
		f.pass(func(b block) { b.store(1, b.mul(b.load(0), r)) })
	})
}

// attendRows has streams s, m, next, sum.
func attendRows(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2, 3}, func(f *frame) {
		next := f.larger(f.rowTop(), f.loadOne(1))
		f.storeOne(2, next)
		f.storeOne(3, f.expSum(next, func(b block, e vec) { b.store(0, e) }))
	})
}

// attendBack has streams s, dp, stats, delta.
func attendBack(g *gen, name string) {
	g.rowKernel(name, []int{0, 1, 2, 3}, func(f *frame) {
		stats, delta := f.loadOne(2), f.loadOne(3)
		f.pass(func(b block) {
			p := b.exp(b.sub(b.load(0), stats))
			b.store(1, b.mul(p, b.sub(b.load(1), delta)))
			b.store(0, p)
		})
	})
}
