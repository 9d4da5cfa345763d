package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/descent-ml/descent/tensor"
)

// LoaderConfig says what a Loader reads.
type LoaderConfig struct {
	Batch int    // examples of a batch, at least 1
	Chunk int    // examples gathered at once, of a batch that is read part by part; 0: the batch
	Most  int    // the largest batch that SetSize will set; 0: Batch
	Order Order  // of the examples of an epoch; default Sequential
	Start uint64 // position in the stream of the first example
	Stop  uint64 // position where the stream ends with io.EOF; 0: never
}

// Batch is the examples of one step of the loop, or a chunk of them. Its memory
// belongs to the loader and is valid until the next call of Next or Close.
type Batch struct {
	Fields  []*tensor.Tensor // one per field of the dataset: (capacity, ...), Rows of it filled
	Rows    int              // examples of this batch
	Epoch   int              // from 0
	First   uint64           // position in the stream of row 0
	Indices []int            // the example in each row
}

// Loader gathers batches ahead of the loop that reads them, in one goroutine.
//
// The stream is the epochs one behind another: position p is place p%n of
// epoch p/n, for n examples. A batch never crosses the end of an epoch; the
// last one of an epoch may be short. With LoaderConfig.Chunk each batch comes in
// parts of that length, the last of them shorter; the first begins where a batch
// does: at Start, at the place of a Seek or SetSize, behind a batch, at an epoch.
// Which examples are in a batch depends on the configuration and the calls made,
// never on time.
//
// One goroutine may use a loader at a time.
type Loader struct {
	ds    Dataset
	order Order
	n     uint64
	stop  uint64
	chunk int
	row   int // bytes of an example in a batch

	// The reader's side.
	cur *group // holds the batch that Next returned last
	at  int    // batches of cur that were returned
	pos uint64 // behind the batch that was returned last

	waited time.Duration // by Next, for the goroutine

	mu     sync.Mutex
	cond   sync.Cond
	free   []*group
	full   []*group // in the order of the stream
	fill   uint64   // position that the goroutine fills next
	into   int      // examples of the batch there that are gathered already
	size   int
	over   bool  // the goroutine came to an error or the end
	failed error // closed or cancelled
	gone   bool  // the goroutine has returned

	turn    atomic.Uint64 // counts Seek and SetSize: what was filled before is stale
	halted  atomic.Bool   // failed is set
	unwatch func() bool   // detaches from the context
}

// group is batches that are handed over at once: a hand-over costs more than a
// step of a small model.
type group struct {
	batches []Batch
	n       int   // filled
	err     error // that follows the filled batches
	rows    int   // capacity of a batch
}

const (
	groupBytes   = 256 << 10 // of gathered data, about half of a core's own cache
	groupBatches = 256
	loaderSlots  = 3
	largeBatch   = 16 << 20 // bytes from which two slots have to do
)

var errLoaderClosed = errors.New("dataset: the loader is closed")

// NewLoader starts reading ds. Cancelling ctx makes Next return its error;
// Close must be called in any case.
func NewLoader(ctx context.Context, ds Dataset, c LoaderConfig) (*Loader, error) {
	if ds.Len() < 1 {
		return nil, fmt.Errorf("dataset: loader: no examples")
	}
	if c.Batch < 1 {
		return nil, fmt.Errorf("dataset: loader: batch of %d (want at least 1)", c.Batch)
	}
	if c.Order == nil {
		c.Order = Sequential
	}
	l := &Loader{ds: ds, order: c.Order, n: uint64(ds.Len()), stop: c.Stop, chunk: c.Chunk, pos: c.Start, fill: c.Start, size: c.Batch}
	l.row = int(RowBytes(ds))
	l.cond.L = &l.mu
	slots := loaderSlots
	if l.row*l.capacity(max(c.Batch, c.Most)) > largeBatch {
		slots = 2
	}
	for range slots {
		l.free = append(l.free, &group{})
	}
	l.unwatch = context.AfterFunc(ctx, func() { l.halt(context.Cause(ctx)) })
	go l.run()
	return l, nil
}

// Next returns the next batch. Behind the last one it returns io.EOF. An error
// of the dataset comes in the place of the batch that it spoilt, and again on
// every later call until Seek or SetSize.
func (l *Loader) Next() (*Batch, error) {
	for {
		if l.halted.Load() {
			return nil, l.failed
		}
		if g := l.cur; g != nil {
			if l.at < g.n {
				b := &g.batches[l.at]
				l.at++
				l.pos = b.First + uint64(b.Rows)
				return b, nil
			}
			if g.err != nil {
				return nil, g.err
			}
		}
		l.advance()
	}
}

// advance gives the current group back and waits for the next one.
func (l *Loader) advance() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recycle()
	if len(l.full) == 0 && l.failed == nil {
		since := time.Now()
		for len(l.full) == 0 && l.failed == nil {
			l.cond.Wait()
		}
		l.waited += time.Since(since)
	}
	if l.failed == nil {
		l.cur, l.at = l.full[0], 0
		l.full = append(l.full[:0], l.full[1:]...)
	}
}

// RowBytes returns the bytes of an example in a batch.
func RowBytes(ds Dataset) (n int64) {
	for _, f := range ds.Fields() {
		n += int64(f.DType.Size() * f.Shape.Size())
	}
	return n
}

// LoaderBytes returns the memory of a loader of batches of n examples.
func LoaderBytes(ds Dataset, n int) int64 {
	row, rows := RowBytes(ds), min(n, ds.Len())
	slots := int64(loaderSlots)
	if row*int64(rows) > largeBatch {
		slots = 2
	}
	batches := min(max(groupBytes/max(int(row)*rows, 1), 1), groupBatches)
	return slots * int64(batches) * int64(rows) * (row + 8)
}

func (l *Loader) recycle() {
	if l.cur != nil {
		l.free = append(l.free, l.cur)
		l.cur = nil
		l.cond.Broadcast()
	}
}

// Pos returns the position behind the batch that Next returned last: where a
// loader must start to go on from here.
func (l *Loader) Pos() uint64 { return l.pos }

// Waited returns how long calls of Next have waited for examples.
func (l *Loader) Waited() time.Duration { return l.waited }

// Seek makes pos the position of the next batch, which begins there.
func (l *Loader) Seek(pos uint64) { l.restart(pos, l.size) }

// SetSize makes the next batches n examples, at least 1, long, and is called
// between two of them. The one that Next returned last stays valid. Batches
// gathered ahead in another size are dropped and gathered again.
func (l *Loader) SetSize(n int) error {
	if n < 1 {
		return fmt.Errorf("dataset: loader: batch of %d (want at least 1)", n)
	}
	if n != l.size {
		l.restart(l.pos, n)
	}
	return nil
}

func (l *Loader) restart(pos uint64, size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn.Add(1)
	l.pos, l.fill, l.into, l.size, l.over = pos, pos, 0, size, false
	l.free = append(l.free, l.full...)
	l.full = l.full[:0]
	if l.cur != nil {
		l.at, l.cur.err = l.cur.n, nil
	}
	l.cond.Broadcast()
}

// Close stops the goroutine and waits until it is gone. It may be called more
// than once.
func (l *Loader) Close() {
	l.unwatch()
	l.halt(errLoaderClosed)
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.gone {
		l.cond.Wait()
	}
	l.cur, l.free, l.full = nil, nil, nil
}

func (l *Loader) halt(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = err
		l.halted.Store(true)
	}
	l.cond.Broadcast()
}

// run fills free groups until the loader is halted.
func (l *Loader) run() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for l.failed == nil && (l.over || len(l.free) == 0) {
			l.cond.Wait()
		}
		if l.failed != nil {
			l.gone = true
			l.cond.Broadcast()
			return
		}
		g := l.free[0] // in turn, so that all have their memory after the first round
		l.free = append(l.free[:0], l.free[1:]...)
		pos, into, size, turn := l.fill, l.into, l.size, l.turn.Load()
		l.mu.Unlock()
		pos, into = l.fillGroup(g, pos, into, size, turn)
		l.mu.Lock()
		if turn != l.turn.Load() {
			l.free = append(l.free, g)
			continue
		}
		l.fill, l.into, l.over = pos, into, g.err != nil
		l.full = append(l.full, g)
		l.cond.Broadcast()
	}
}

// fillGroup gathers the batches from pos on, of the first of which so many
// examples are gathered already, and returns the same of what is behind them. It
// stops early when they are no longer wanted.
func (l *Loader) fillGroup(g *group, pos uint64, into, size int, turn uint64) (uint64, int) {
	g.n, g.err = 0, nil
	want := l.layout(g, size)
	for g.n < want && !l.halted.Load() && turn == l.turn.Load() {
		if l.stop > 0 && pos >= l.stop {
			g.err = io.EOF
			break
		}
		b := &g.batches[g.n]
		if g.err = l.gather(b, pos, min(size-into, l.capacity(size))); g.err != nil {
			g.err = fmt.Errorf("dataset: batch at position %d (epoch %d): %w", pos, b.Epoch, g.err)
			break
		}
		pos += uint64(b.Rows)
		if into += b.Rows; into == size || pos%l.n == 0 {
			into = 0
		}
		g.n++
	}
	return pos, into
}

func (l *Loader) gather(b *Batch, pos uint64, size int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	at := pos % l.n
	rows := min(uint64(size), l.n-at)
	if l.stop > 0 {
		rows = min(rows, l.stop-pos)
	}
	b.Epoch, b.First, b.Rows = int(pos/l.n), pos, int(rows)
	b.Indices = b.Indices[:rows]
	l.order(b.Indices, b.Epoch, int(at))
	return l.ds.Gather(b.Fields, 0, b.Indices)
}

// layout makes room for batches of a size and returns how many the group takes.
func (l *Loader) layout(g *group, size int) int {
	rows := l.capacity(size)
	want := min(max(groupBytes/max(l.row*rows, 1), 1), groupBatches)
	if g.rows >= rows && len(g.batches) >= want {
		return want
	}
	g.rows, g.batches = rows, make([]Batch, want)
	for i := range g.batches {
		g.batches[i].Fields = NewBuffers(l.ds.Fields(), rows)
		g.batches[i].Indices = make([]int, rows)
	}
	return want
}

// capacity is how many examples of batches of a size are gathered at once.
func (l *Loader) capacity(size int) int {
	if l.chunk > 0 {
		size = min(size, l.chunk)
	}
	return int(min(uint64(size), l.n))
}
