package portmath

// The 97.5 % quantiles of Student's t with 1, 2, … degrees of freedom.
var student975 = [...]float64{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281}

// Student975 returns the 97.5 % quantile of Student's t with 1 degree of freedom
// or more, which 95 % intervals are made of. Beyond 10 it is the expansion of
// Cornish and Fisher in 1/ν (Abramowitz and Stegun, 26.7.5), which has four
// digits there.
func Student975(freedom int) float64 {
	if freedom <= len(student975) {
		return student975[freedom-1]
	}
	const z = 1.959963984540054
	const g1 = (z*z*z + z) / 4
	const g2 = (5*z*z*z*z*z + 16*z*z*z + 3*z) / 96
	const g3 = (3*z*z*z*z*z*z*z + 19*z*z*z*z*z + 17*z*z*z - 15*z) / 384
	v := float64(freedom)
	return z + (g1+(g2+g3/v)/v)/v
}
