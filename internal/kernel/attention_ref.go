package kernel

import "math"

const maxFloat32 = math.MaxFloat32

// attendRow is a row of attendRows.
func attendRow(s []float32, m float32) (next, sum float32) {
	next = rowTop(s)
	next = pick(next > m, next, m)
	var l lanes
	for i, v := range s {
		s[i] = exp32(v - next)
		l[i%16] += s[i]
	}
	return next, l.sum()
}

// attendBackRow is a row of attendBack.
func attendBackRow(s, dp []float32, stats, delta float32) {
	for i, v := range s {
		s[i] = exp32(v - stats)
		dp[i] = s[i] * (dp[i] - delta)
	}
}
