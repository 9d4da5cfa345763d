package collective

// Slots returns how many parts a worker that carries the shards
// [first, first+own) holds at most at once, with the shard it works on apart.
func Slots(shards, first, own int) int {
	var parts []Part
	most := 0
	for r := first; r < first+own; r++ {
		cur := Part{First: r, Shards: 1}
		for n := len(parts); n > 0 && Merges(parts[n-1], cur); n = len(parts) {
			cur = Part{First: parts[n-1].First, Shards: 2 * cur.Shards}
			parts = parts[:n-1]
		}
		parts = append(parts, cur)
		most = max(most, len(parts))
	}
	return most
}
