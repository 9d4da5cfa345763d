package kernel

// Grams sets out[t] to the bucket of the n tokens of x that end at t, by the
// hash of graph.Builder.Grams: y = ⌊h·buckets/2³²⌋. out and x have the length of
// one text and do not overlap; buckets is at most 2³⁰.
func Grams(out, x []int32, n, buckets int) {
	for t := range out {
		h := uint32(0)
		for i := t - n + 1; i <= t; i++ {
			token := uint32(0)
			if i >= 0 {
				token = uint32(x[i]) + 1
			}
			h = (h ^ token) * 0x9e3779b1
			h ^= h >> 15
		}
		h *= 0x85ebca6b
		h ^= h >> 13
		h *= 0xc2b2ae35
		h ^= h >> 16
		out[t] = int32(uint64(h) * uint64(buckets) >> 32)
	}
}
