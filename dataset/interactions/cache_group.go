package interactions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/descent-ml/descent/internal/mapped"
)

// bucketRows is about how many interactions are sorted at once: 24 bytes of
// records and 20 of columns each, in the page cache.
const bucketRows = 1 << 20

// bucket is consecutive users and the rows that their interactions will have.
type bucket struct {
	firstUser, users int
	first, rows      int64
}

// buckets cuts the users into runs of about so many interactions; a user
// with more has a bucket of his own.
func (c *conversion) buckets() (all []bucket) {
	b := bucket{}
	for u, n := range c.perUser {
		if b.users > 0 && b.rows+n > c.bucket {
			all = append(all, b)
			b = bucket{firstUser: u, first: b.first + b.rows}
		}
		b.users, b.rows = b.users+1, b.rows+n
	}
	return append(all, b)
}

// group writes the columns, grouped by user, from the records in the order of the
// files: a counting sort in two passes, so that a page is not fetched for each
// row. The first pass brings every record into the range of its bucket, at as
// many places at once as there are buckets; the second sorts within buckets.
// Both keep the order of what is equal.
func (c *conversion) group(ctx context.Context) error {
	all := c.buckets()
	parts, err := c.distribute(ctx, all)
	if err != nil {
		return err
	}
	defer parts.Close()
	if err := os.Remove(c.path("records")); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	out, err := c.createColumns()
	if err != nil {
		return errors.Join(err, out.close())
	}
	records := mapped.Slice[record](parts)
	for i, b := range all {
		if err := c.tell(ctx, "grouping by user", float64(i)/float64(len(all))); err != nil {
			return errors.Join(err, out.close())
		}
		c.sort(b, records[b.first:b.first+b.rows], out)
		parts.Drop(recordBytes*b.first, recordBytes*(b.first+b.rows))
	}
	return out.close()
}

// distribute moves the records to the ranges of their buckets, in a file
// without a name.
func (c *conversion) distribute(ctx context.Context, all []bucket) (*mapped.File, error) {
	in, err := mapped.Open(c.path("records"))
	if err != nil {
		return nil, fmt.Errorf("interactions: %w", err)
	}
	defer in.Close()
	out, err := mapped.Temp(c.dir, recordBytes*int64(c.rows))
	if err != nil {
		return nil, fmt.Errorf("interactions: %w", err)
	}
	of, next := make([]int32, len(c.perUser)), make([]int64, len(all)) // the bucket of a user; its next free record
	for i, b := range all {
		next[i] = b.first
		for u := range b.users {
			of[b.firstUser+u] = int32(i)
		}
	}
	to := mapped.Slice[record](out)
	for i, r := range mapped.Slice[record](in) {
		if i%beat == 0 {
			in.Drop(0, recordBytes*int64(i))
			out.Drop(0, recordBytes*int64(c.rows)) // but for the pages that are written to next
			if err := c.tell(ctx, "sorting by user", float64(i)/float64(c.rows)); err != nil {
				return nil, errors.Join(err, out.Close())
			}
		}
		at := &next[of[r.user]]
		to[*at] = r
		*at++
	}
	return out, nil
}

// sort writes the rows of a bucket.
func (c *conversion) sort(b bucket, records []record, out *columnFiles) {
	next, row := make([]int64, b.users), b.first
	for u := range next {
		next[u] = row
		row += c.perUser[b.firstUser+u]
	}
	for _, r := range records {
		at := &next[int(r.user)-b.firstUser]
		out.user[*at], out.item[*at] = r.user, r.item
		if out.value != nil {
			out.value[*at] = r.value
		}
		if out.time != nil {
			out.time[*at] = r.time
		}
		*at++
	}
	for _, f := range out.files {
		f.Drop(f.width*b.first, f.width*(b.first+b.rows))
	}
}

// columnFiles are the columns while they are written.
type columnFiles struct {
	files      []rowFile
	user, item []int32
	value      []float32 // nil: the files have none
	time       []int64
}

func (c *conversion) createColumns() (out *columnFiles, err error) {
	out = &columnFiles{}
	out.user = addColumn[int32](c, out, fileUser, &err)
	out.item = addColumn[int32](c, out, fileItem, &err)
	if c.hasValue {
		out.value = addColumn[float32](c, out, fileValue, &err)
	}
	if c.hasTime {
		out.time = addColumn[int64](c, out, fileTime, &err)
	}
	return out, err
}

// addColumn creates the file of a column, unless there was an error before.
func addColumn[T any](c *conversion, out *columnFiles, name string, err *error) []T {
	if *err != nil {
		return nil
	}
	width := int64(unsafe.Sizeof(*new(T)))
	f, failed := mapped.Create(c.path(name), width*int64(c.rows))
	if failed != nil {
		*err = fmt.Errorf("interactions: %w", failed)
		return nil
	}
	out.files = append(out.files, rowFile{f, width})
	return mapped.Slice[T](f)
}

func (out *columnFiles) close() error {
	var errs []error
	for _, f := range out.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
