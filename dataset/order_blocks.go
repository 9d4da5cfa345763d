package dataset

import (
	"fmt"
	"sync"

	"github.com/descent-ml/descent/internal/rng"
)

// The sizes of Blocked: a block of a column of 4 bytes is four pages of a file, and
// a window of it 4 MiB. Smaller windows are read a little faster, but where the data
// are sorted by user they have too few users for large batches: each gets all
// his steps of an epoch in a few of them (docs/recommenders.md).
const (
	BlockExamples  = 1 << blockBits
	WindowExamples = BlockExamples * windowBlocks

	blockBits    = 12
	windowBlocks = 256
)

// Ahead is told what an order will ask for. It is called by who asks.
type Ahead interface {
	// Soon says that examples from to to-1 will be asked for; where to <= from,
	// those from from on and those before to.
	Soon(from, to int)

	// Over says that only those will be asked for of which Soon was told last,
	// and the window before them.
	Over()
}

// Blocked is a new order of n examples in every epoch for data larger than memory,
// whose neighbours lie together on a disk. The examples are cut into blocks of
// BlockExamples, from another place in each epoch; the blocks are permuted; so
// many of them as have WindowExamples are a window, and the order is a
// permutation of the examples of the first window, then of the second, and so
// on. What is left behind the last whole window and the last whole block belongs to the
// last window. All is keyed by (seed, "blocks", epoch), so a place of the stream is enough to
// resume. Fewer examples than two windows are Shuffled.
//
// Asking for it allocates nothing. ahead, if there is one, is told of the blocks of the window that
// begins and of the one that comes next.
func Blocked(n int, seed uint64, ahead Ahead) Order {
	return blocked(n, blockBits, windowBlocks, seed, ahead)
}

func blocked(n, bits, window int, seed uint64, ahead Ahead) Order {
	if n < 2*window<<bits {
		return Shuffled(n, seed)
	}
	b := &blocks{n: n, bits: bits, per: window, base: rng.Key(seed, "blocks"), ahead: ahead}
	b.now.blocks = make([]int, 0, 2*window)
	b.next.blocks = make([]int, 0, 2*window)
	return b.fill
}

// blocks is the order that Blocked returns.
type blocks struct {
	n     int // examples
	bits  int // of the place in a block
	per   int // blocks of a window
	base  [2]uint32
	ahead Ahead

	mu        sync.Mutex
	now, next blockWindow // the one asked for last and, with ahead, the one behind it
}

// blockWindow is a window of an epoch.
type blockWindow struct {
	epoch, number int
	first, size   int   // places of the epoch; a size of 0: there is none
	offset        int   // of block 0 among the examples
	blocks        []int // numbers of its blocks
	perm          rng.Permutation
}

// fill implements Order.
func (b *blocks) fill(dst []int, epoch, i int) {
	if i < 0 || i+len(dst) > b.n {
		panic(fmt.Sprintf("dataset: places %d to %d of an epoch of %d", i, i+len(dst), b.n))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(dst) > 0 {
		b.enter(epoch, i)
		w := &b.now
		part := dst[:min(len(dst), w.first+w.size-i)]
		w.perm.Fill(part, uint64(i-w.first))
		b.place(w, part)
		dst, i = dst[len(part):], i+len(part)
	}
}

// enter makes now the window of a place.
func (b *blocks) enter(epoch, i int) {
	number := min(i/(b.per<<b.bits), b.windows()-1)
	if w := &b.now; w.size > 0 && w.epoch == epoch && w.number == number {
		return
	}
	if b.ahead == nil {
		b.open(&b.now, epoch, number)
		return
	}
	b.ahead.Over()
	if w := &b.next; w.size > 0 && w.epoch == epoch && w.number == number {
		b.now, b.next = b.next, b.now
	} else {
		b.open(&b.now, epoch, number)
		b.tell(&b.now)
	}
	if number++; number == b.windows() {
		epoch, number = epoch+1, 0
	}
	b.open(&b.next, epoch, number)
	b.tell(&b.next)
}

// windows is the number of windows of an epoch.
func (b *blocks) windows() int { return b.n >> b.bits / b.per }

// open computes a window.
func (b *blocks) open(w *blockWindow, epoch, number int) {
	whole := b.n >> b.bits
	w.epoch, w.number, w.first = epoch, number, number*b.per<<b.bits
	w.size, w.blocks = b.per<<b.bits, w.blocks[:b.per]
	if number == b.windows()-1 {
		w.size, w.blocks = b.n-w.first, w.blocks[:whole-number*b.per]
	}
	key := epochKey(b.base, epoch, 0)
	w.offset = int((uint64(key[0])<<32 | uint64(key[1])) % uint64(b.n))
	order := rng.NewPermutation(uint64(whole), epochKey(b.base, epoch, 1))
	order.Fill(w.blocks, uint64(number*b.per))
	w.perm = rng.NewPermutation(uint64(w.size), epochKey(b.base, epoch, 2+uint64(number)))
}

// place turns places of a window into examples. Those behind its blocks are the
// ones that no block has.
func (b *blocks) place(w *blockWindow, places []int) {
	inside := 1<<b.bits - 1
	rest := b.n >> b.bits << b.bits
	for k, v := range places {
		if j := v >> b.bits; j < len(w.blocks) {
			v = w.blocks[j]<<b.bits | v&inside
		} else {
			v += rest - len(w.blocks)<<b.bits
		}
		if v += w.offset; v >= b.n {
			v -= b.n
		}
		places[k] = v
	}
}

// tell tells of a window.
func (b *blocks) tell(w *blockWindow) {
	for _, j := range w.blocks {
		from := (w.offset + j<<b.bits) % b.n
		b.ahead.Soon(from, (from+1<<b.bits)%b.n)
	}
	if rest := b.n >> b.bits << b.bits; w.size > len(w.blocks)<<b.bits {
		b.ahead.Soon((w.offset+rest)%b.n, w.offset)
	}
}
