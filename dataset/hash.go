package dataset

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
)

// mostBuckets bounds the rows that hashed categories share.
const mostBuckets = 1 << 30

// Bucket hashes the text of a category into one of n buckets: FNV-1a of 64 bits,
// the finalizer of MurmurHash3 (A. Appleby), and a multiplication in place of a
// remainder (D. Lemire). It is a fixed function, so models depend on it: a
// category that was never seen has a bucket too, and shares it with others
// (Weinberger, Dasgupta, Langford, Smola, Attenberg, ICML 2009, without the sign,
// which a vector of its own makes needless).
func Bucket(text []byte, n int) int32 {
	h := fnv(fnvOffset, text)
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	b, _ := bits.Mul64(h^h>>33, uint64(n))
	return int32(b)
}

// buckets returns how many buckets the categories of a column are hashed into,
// 0 if they are not.
func (o *FitOptions) buckets(column string) int {
	if n, ok := o.Hash[column]; ok {
		return n
	}
	return o.Hash[""]
}

// checkHash refuses buckets that no column has.
func (o *FitOptions) checkHash(file string, columns []ColumnSchema) error {
	if len(o.Hash) > 0 && o.Categories != CategoriesEmbedding {
		return fmt.Errorf("dataset: %s: hashed categories are embedded (want categories %q)", file, CategoriesEmbedding)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Hash)) {
		if n := o.Hash[name]; n < 1 || n > mostBuckets {
			return fmt.Errorf("dataset: %s: %d buckets for hashed categories (want 1 to %d)", file, n, mostBuckets)
		}
		i := slices.IndexFunc(columns, func(c ColumnSchema) bool { return c.Name == name })
		switch {
		case name == "":
		case i < 0:
			return fmt.Errorf("dataset: %s: no feature column is called %q, whose categories are to be hashed", file, name)
		case columns[i].Kind != KindCategorical:
			return fmt.Errorf("dataset: %s: column %q is %s, and its categories are to be hashed: declare it categorical", file, name, columns[i].Kind)
		}
	}
	return nil
}
