package cpu

import "github.com/descent-ml/descent/internal/kernel"

// Products of the vectors of a group of examples: s.cols or s.k of them where
// the axis of partners is the result's or the first operand's. Blocks of rows
// begin with a group.

func runGroupDots(p *program, w *worker, s *step, r0, r1 int) {
	u, v, z := p.f32(&s.a), p.f32(&s.b), p.f32(&s.out)
	s.eachGroup(r0, r1, func(from, n int) {
		kernel.GroupDots(z[from*s.cols:], u[from*s.k:], v[from*s.k:], n, s.k, s.group, &w.scratch)
	})
}

func runGroupMix(p *program, w *worker, s *step, r0, r1 int) {
	z, v, u := p.f32(&s.a), p.f32(&s.b), p.f32(&s.out)
	s.eachGroup(r0, r1, func(from, n int) {
		kernel.GroupMix(u[from*s.cols:], z[from*s.k:], v[from*s.cols:], n, s.cols, s.group, &w.scratch)
	})
}

func runGroupMixT(p *program, w *worker, s *step, r0, r1 int) {
	z, u, v := p.f32(&s.a), p.f32(&s.b), p.f32(&s.out)
	s.eachGroup(r0, r1, func(from, n int) {
		kernel.GroupMixT(v[from*s.cols:], z[from*s.k:], u[from*s.cols:], n, s.cols, s.group, &w.scratch)
	})
}

func runGroupKeep(p *program, w *worker, s *step, r0, r1 int) {
	x, z := p.i32(&s.a), p.f32(&s.out)
	s.eachGroup(r0, r1, func(from, n int) { kernel.GroupKeep(z[from*s.cols:], x[from:from+n], s.group) })
}

func runGroupPlace(p *program, w *worker, s *step, r0, r1 int) {
	place := p.i32(&s.out)
	for r := r0; r < r1; r++ {
		place[r] = int32((r - r0) % s.group)
	}
}
