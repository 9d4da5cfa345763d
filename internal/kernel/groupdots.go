package kernel

// Products within a group of n examples, of which a whole one has g: the axis of
// partners is g long. They are matrix products, so their bits are those of
// chains, on every tier.

// GroupDots sets z (n, g) to u·vᵀ for u and v (n, k), and to 0 behind column n.
func GroupDots(z, u, v []float32, n, k, g int, s *Scratch) {
	GemmNT(n, n, k, u, k, v, k, z, g, Zero, nil, s)
	for e := range n {
		clear(z[e*g+n : (e+1)*g])
	}
}

// GroupMix sets u (n, k) to z·v for z (n, g), of which n columns are read, and v
// (n, k).
func GroupMix(u, z, v []float32, n, k, g int, s *Scratch) {
	GemmNN(n, k, n, z, g, v, k, u, k, Zero, nil, s)
}

// GroupMixT sets v (n, k) to zᵀ·u, likewise.
func GroupMixT(v, z, u []float32, n, k, g int, s *Scratch) {
	GemmTN(n, k, n, z, g, u, k, v, k, Zero, nil, s)
}

// GroupKeep sets z[e][j] of (n, g) to 1 where e is j or x[e] is not x[j], else
// to 0; n is the length of x.
func GroupKeep(z []float32, x []int32, g int) {
	for e, own := range x {
		row := z[e*g : (e+1)*g]
		for j, v := range x {
			row[j] = 1
			if v == own {
				row[j] = 0
			}
		}
		row[e] = 1
		clear(row[len(x):])
	}
}
