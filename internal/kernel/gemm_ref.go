package kernel

// gemmRef is the definition of the three products.
func gemmRef(p *product) {
	for i := range p.m {
		for j := range p.n {
			var acc float32
			switch p.init {
			case Accumulate:
				acc = p.c[i*p.ldc+j]
			case Bias:
				acc = p.bias[j]
			}
			for q := range p.k {
				acc = fma32(p.a[i*p.rsa+q*p.csa], p.b[q*p.rsb+j*p.csb], acc)
			}
			p.c[i*p.ldc+j] = acc
		}
	}
}
