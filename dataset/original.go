package dataset

// Changing is a dataset whose examples are changed at random each time they are
// seen in training.
type Changing interface {
	Dataset

	// Original returns the examples as they are.
	Original() Dataset
}

// Original returns the examples of a dataset as they are: what to measure on.
func Original(ds Dataset) Dataset {
	if c, ok := ds.(Changing); ok {
		return c.Original()
	}
	return ds
}

// Numbered is an order of n examples whose numbers carry the epoch, e·n + example in
// epoch e: what a dataset of another face in each epoch takes.
func Numbered(o Order, n int) Order {
	return func(dst []int, epoch, i int) {
		o(dst, epoch, i)
		for k := range dst {
			dst[k] += epoch * n
		}
	}
}
