package oracle

// eachPartner calls f for all pairs of examples e and j of a group, e[at] being
// where the axis of partners has j.
func (c *call) eachPartner(f func(at, e, j int)) {
	all, g := c.in[0].Dims[0], c.n.Attr.Int
	for e := range all {
		first := e / g * g
		for j := first; j < min(first+g, all); j++ {
			f(e*g+j-first, e, j)
		}
	}
}

func groupDots(c *call) {
	c.eachPartner(func(at, e, j int) { c.out.Data[at] = dot(c.in[0].row(e), c.in[1].row(j)) })
}

func groupMix(c *call) {
	c.eachPartner(func(at, e, j int) { axpy(c.out.row(e), c.in[0].Data[at], c.in[1].row(j)) })
}

func groupMixT(c *call) {
	c.eachPartner(func(at, e, j int) { axpy(c.out.row(j), c.in[0].Data[at], c.in[1].row(e)) })
}

func groupKeep(c *call) {
	x := c.in[0].Data
	c.eachPartner(func(at, e, j int) { c.out.Data[at] = truth(e == j || x[e] != x[j]) })
}

func groupPlace(c *call) {
	for e := range c.out.Data {
		c.out.Data[e] = float64(e % c.n.Attr.Int)
	}
}
