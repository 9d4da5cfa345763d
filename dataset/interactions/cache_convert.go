package interactions

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/internal/mapped"
)

// conversion makes the files of a cache in a folder. In memory are the numbers
// of identifiers, a count for each user, and buffers; everything that grows with
// the interactions is in files.
type conversion struct {
	dir      string
	manifest manifest
	progress func(doing string, share float64)
	bucket   int64 // interactions that are sorted at once

	users, items      Names
	perUser           []int64 // interactions
	rows              int
	hasValue, hasTime bool
}

// record is an interaction on its way into columns.
type record struct {
	time       int64
	user, item int32
	value      float32
	_          uint32 // so that no byte is undefined
}

const recordBytes = 24

func newConversion(dir string, m manifest, o Cache) *conversion {
	if o.Progress == nil {
		o.Progress = func(string, float64) {}
	}
	if o.bucket == 0 {
		o.bucket = bucketRows
	}
	m.Files = map[string]cachedFile{}
	c := &conversion{dir: dir, manifest: m, progress: o.Progress, bucket: o.bucket, perUser: make([]int64, m.Options.HashUsers)}
	c.users.buckets, c.items.buckets = m.Options.HashUsers, m.Options.HashItems
	return c
}

// run reads the files, groups their interactions by user and writes what goes
// with them.
func (c *conversion) run(ctx context.Context, path string) (err error) {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return c.read(ctx, path) },
		c.group, c.known, c.names, c.seal,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *conversion) path(name string) string { return filepath.Join(c.dir, name) }

// beat is how many rows pass between two looks at the context and two reports.
const beat = 1 << 16

// tell reports progress and whether to go on.
func (c *conversion) tell(ctx context.Context, doing string, share float64) error {
	c.progress(doing, share)
	if ctx.Err() != nil {
		return fmt.Errorf("interactions: %s: %w", doing, context.Cause(ctx))
	}
	return nil
}

// read numbers the users and items of each interaction and writes records in
// the order of the files.
func (c *conversion) read(ctx context.Context, path string) (err error) {
	r, err := Open(path, c.manifest.Options)
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.Create(c.path("records"))
	if err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 256<<10)
	var b [recordBytes]byte
	for row, more := r.Next(); more; row, more = r.Next() {
		if c.rows%beat == 0 {
			if err := c.tell(ctx, "reading "+path, r.Progress()); err != nil {
				return err
			}
		}
		user, item := c.users.Add(row.User), c.items.Add(row.Item)
		if int(user) == len(c.perUser) {
			c.perUser = append(c.perUser, 0)
		}
		c.perUser[user]++
		c.rows++
		put(b[:], record{time: row.Time, user: user, item: item, value: row.Value})
		if _, err := w.Write(b[:]); err != nil {
			return fmt.Errorf("interactions: %w", err)
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	if c.rows == 0 {
		return fmt.Errorf("interactions: %s: no interactions", path)
	}
	c.hasValue, c.hasTime, c.manifest.Rows = r.HasValue(), r.HasTime(), c.rows
	if err := w.Flush(); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	return nil
}

// put lays a record out as it is in memory.
func put(b []byte, r record) {
	order := binary.NativeEndian
	order.PutUint64(b, uint64(r.time))
	order.PutUint32(b[8:], uint32(r.user))
	order.PutUint32(b[12:], uint32(r.item))
	order.PutUint32(b[16:], math.Float32bits(r.value))
}

// known writes for each user his items, ascending, each once.
func (c *conversion) known(ctx context.Context) error {
	f, err := mapped.Open(c.path(fileItem))
	if err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	defer f.Close()
	start, item := newArray(c.path(fileKnownStart)), newArray(c.path(fileKnownItem))
	all, from, total := mapped.Slice[int32](f), int64(0), int64(0)
	var own []int32
	for u, n := range c.perUser {
		if u%beat == 0 {
			if err = c.tell(ctx, "listing what users know", float64(from)/float64(c.rows)); err != nil {
				break
			}
		}
		own = append(own[:0], all[from:from+n]...)
		slices.Sort(own)
		own = slices.Compact(own)
		start.put64(uint64(total))
		for _, i := range own {
			item.put32(uint32(i))
		}
		from, total = from+n, total+int64(len(own))
		f.Drop(0, 4*from)
	}
	start.put64(uint64(total))
	return errors.Join(err, start.close(), item.close())
}

// names writes the identifiers.
func (c *conversion) names(ctx context.Context) error {
	if err := c.tell(ctx, "writing the names", 0); err != nil {
		return err
	}
	return errors.Join(c.users.write(c.path(fileUsers)), c.items.write(c.path(fileItems)))
}

// seal writes the manifest, with the checksums of all files.
func (c *conversion) seal(ctx context.Context) error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	for i, e := range entries {
		if e.Name() == checkpoint.LockName {
			continue
		}
		if err := c.tell(ctx, "computing checksums", float64(i)/float64(len(entries))); err != nil {
			return err
		}
		f, err := mapped.Open(c.path(e.Name()))
		if err != nil {
			return fmt.Errorf("interactions: %w", err)
		}
		c.manifest.Files[e.Name()] = cachedFile{int64(len(f.Bytes())), checksum(f)}
		if err := f.Close(); err != nil {
			return fmt.Errorf("interactions: %w", err)
		}
	}
	c.progress("done", 1)
	if err := c.manifest.write(c.dir); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	return nil
}

// array writes numbers to a file. The first error is kept.
type array struct {
	f   *os.File
	w   *bufio.Writer
	buf [8]byte
	err error
}

func newArray(path string) *array {
	f, err := os.Create(path)
	return &array{f: f, w: bufio.NewWriterSize(f, 256<<10), err: err}
}

func (a *array) put8(v byte) { a.w.WriteByte(v) }

func (a *array) put32(v uint32) {
	binary.NativeEndian.PutUint32(a.buf[:], v)
	a.w.Write(a.buf[:4]) // Flush has the first error
}

func (a *array) put64(v uint64) {
	binary.NativeEndian.PutUint64(a.buf[:], v)
	a.w.Write(a.buf[:])
}

func (a *array) close() error {
	if a.err != nil {
		return fmt.Errorf("interactions: %w", a.err)
	}
	if err := errors.Join(a.w.Flush(), a.f.Close()); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	return nil
}
