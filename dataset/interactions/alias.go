package interactions

// aliasSlot is a place of an alias table: its own item for share/2³² of the
// draws, the other one else.
type aliasSlot struct {
	share uint32
	other int32
}

// newAlias returns the table by which items are drawn by weight in constant
// time (Walker 1977, in the form of Vose: A linear algorithm for generating
// random numbers with a given distribution, 1991).
func newAlias(weight []float64) []aliasSlot {
	sum := 0.0
	for _, w := range weight {
		sum += w
	}
	scaled, table := make([]float64, len(weight)), make([]aliasSlot, len(weight))
	var small, large []int32
	for i, w := range weight {
		scaled[i] = w * float64(len(weight)) / sum
		if scaled[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		table[s] = aliasSlot{uint32(scaled[s] * (1 << 32)), l}
		if scaled[l] -= 1 - scaled[s]; scaled[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	for _, i := range append(small, large...) { // what rounding has left
		table[i] = aliasSlot{1<<32 - 1, i}
	}
	return table
}
