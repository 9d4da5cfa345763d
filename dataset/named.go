package dataset

// Named is a dataset whose examples have names by which a person finds them, such
// as those of their files.
type Named interface {
	Dataset

	// Name returns the name of example i, "" if it has none.
	Name(i int) string
}

// NameOf returns the name of example i of a dataset, or of what it is a subset of;
// "" if it has none.
func NameOf(ds Dataset, i int) string {
	switch d := ds.(type) {
	case *subset:
		return NameOf(d.ds, d.place(i))
	case Named:
		return d.Name(i)
	}
	return ""
}
