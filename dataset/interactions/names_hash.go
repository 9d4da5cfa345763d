package interactions

import (
	"fmt"
	"strconv"

	"github.com/descent-ml/descent/tensor"
)

// maxBuckets bounds what identifiers are hashed into.
const maxBuckets = 1 << 30

// hashed returns names that remember nothing: an identifier is the bucket of its
// hash, of so many (dataset.Bucket), whether it was there before or not. Those
// that share a bucket are one. 0 buckets are ordinary names.
func hashed(buckets int) *Names { return &Names{buckets: buckets} }

// bucketName is what the identifiers of a bucket are called together.
func bucketName(b []byte, i int) []byte { return strconv.AppendInt(append(b, '#'), int64(i), 10) }

// The name of a tensor, or of a file, that holds the number of buckets.
const hashedBuckets = ".buckets"

// parseHashed returns the names of a tensor of the number of buckets.
func parseHashed(t *tensor.Tensor, name string) (*Names, error) {
	if t.DType() != tensor.I64 || t.Size() != 1 || t.I64()[0] < 1 || t.I64()[0] > maxBuckets {
		return nil, fmt.Errorf("interactions: catalog: %s: %v of a number of buckets", name, t)
	}
	return hashed(int(t.I64()[0])), nil
}

// checkHash refuses what is no number of buckets.
func (o *Options) checkHash() error {
	for what, n := range map[string]int{"users": o.HashUsers, "items": o.HashItems} {
		if n < 0 || n > maxBuckets {
			return fmt.Errorf("interactions: %d buckets for hashed %s (want 1 to %d, or 0 for none)", n, what, maxBuckets)
		}
	}
	return nil
}
