package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/descent-ml/descent/internal/kernel"
)

// worker is what one thread owns.
type worker struct {
	scratch   kernel.Scratch
	streams   [8]kernel.Stream
	scalars   [16]float32
	attention kernel.Attention
}

// region is work that was cut into independent chunks.
type region interface {
	chunk(w *worker, i int)
}

// pool runs regions on the caller and on persistent helpers.
//
// Every worker has a home range of a region's chunks, the same range of memory
// from region to region: what it wrote is then in its own cache when it reads
// it again. It takes its home chunks in order, and when they are gone it steals
// from the far end of others' homes; a helper that the system has put aside
// costs at most the chunk it holds. A ticket packs the region's number, the
// next chunk and the end of a home into one word: a helper that wakes late
// cannot claim from a region it has not seen.
//
// Everybody waits in three steps: spin for a few microseconds, which is the
// common case between the regions of a step; then yield to the Go scheduler;
// then sleep in the kernel. The caller's last step matters beside a busy
// neighbour: it gives up its processor, and the system runs the helper there.
type pool struct {
	caller  worker
	helpers []*helper
	tickets []ticket     // by worker, the caller first
	region  region       // written before the tickets, read after a claim
	left    atomic.Int64 // chunks not yet done
	waiting atomic.Bool  // the caller sleeps on done
	done    chan struct{}
	stop    atomic.Bool
	panicMu sync.Mutex
	panics  any // of a helper, raised again by the caller
}

// ticket is region<<40 | next<<20 | end of one home, on a cache line of its own.
type ticket struct {
	atomic.Uint64
	_ [56]byte
}

// helper is one goroutine of a pool.
type helper struct {
	worker
	id     int
	asleep atomic.Bool
	wake   chan struct{}
}

const (
	chunkBits = 20
	chunkMask = 1<<chunkBits - 1
	spinPolls = 4000                   // about 10 µs
	yields    = 200                    // more than the gap between two updates
	pollEvery = 64                     // polls between looks at the clock
	spinTime  = 20 * time.Microsecond  // of the caller, for its last chunk
	yieldTime = 100 * time.Microsecond // then sleep
)

func newPool(threads int) *pool {
	p := &pool{done: make(chan struct{}, 1), tickets: make([]ticket, threads)}
	for i := range threads - 1 {
		h := &helper{id: i + 1, wake: make(chan struct{}, 1)}
		p.helpers = append(p.helpers, h)
		go p.help(h)
	}
	return p
}

func (p *pool) close() {
	p.stop.Store(true)
	for _, h := range p.helpers {
		h.rouse()
	}
}

// rouse wakes a sleeping helper; it is cheap for one that is awake.
func (h *helper) rouse() {
	if h.asleep.Load() && h.asleep.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

// run executes all chunks of r and returns when they are done. homes are the
// bounds of the workers' home ranges, or nil for equal ones.
func (p *pool) run(r region, chunks int, homes []int) {
	if chunks == 1 || len(p.helpers) == 0 {
		for i := range chunks {
			r.chunk(&p.caller, i)
		}
		return
	}
	p.region = r
	p.left.Store(int64(chunks))
	number := p.tickets[0].Load()>>(2*chunkBits) + 1
	for i := range p.tickets {
		from, to := chunks*i/len(p.tickets), chunks*(i+1)/len(p.tickets)
		if homes != nil {
			from, to = homes[i], homes[i+1]
		}
		p.tickets[i].Store(number<<(2*chunkBits) | uint64(from)<<chunkBits | uint64(to))
	}
	for _, h := range p.helpers[:min(len(p.helpers), chunks-1)] {
		h.rouse()
	}
	for p.claim(&p.caller, 0) {
	}
	p.wait()
	p.region = nil
	if p.panics != nil {
		panic(p.panics)
	}
}

// claim runs one chunk of the current region, if one is left: the next of its
// own home, or the last of another's.
func (p *pool) claim(w *worker, id int) bool {
	for k := range p.tickets {
		t := &p.tickets[(id+k)%len(p.tickets)]
		for {
			v := t.Load()
			next, end := v>>chunkBits&chunkMask, v&chunkMask
			if next >= end {
				break
			}
			chunk, claimed := next, v+1<<chunkBits
			if k > 0 {
				chunk, claimed = end-1, v-1
			}
			if t.CompareAndSwap(v, claimed) {
				p.region.chunk(w, int(chunk))
				p.finished()
				return true
			}
		}
	}
	return false
}

// finished counts a chunk, and wakes the caller after the last.
func (p *pool) finished() {
	if p.left.Add(-1) == 0 && p.waiting.Load() && p.waiting.CompareAndSwap(true, false) {
		p.done <- struct{}{}
	}
}

// open reports whether a chunk is left to claim.
func (p *pool) open() bool {
	for i := range p.tickets {
		if v := p.tickets[i].Load(); v>>chunkBits&chunkMask < v&chunkMask {
			return true
		}
	}
	return false
}

// wait returns when the chunks that helpers hold are done.
func (p *pool) wait() {
	if p.left.Load() == 0 {
		return
	}
	start := time.Now()
	for i := 1; p.left.Load() != 0; i++ {
		if i%pollEvery != 0 {
			continue
		}
		switch waited := time.Since(start); {
		case waited < spinTime:
		case waited < yieldTime:
			runtime.Gosched()
		default:
			p.sleep()
		}
	}
}

// sleep blocks until the last chunk is done.
func (p *pool) sleep() {
	p.waiting.Store(true)
	if p.left.Load() == 0 {
		if p.waiting.CompareAndSwap(true, false) {
			return
		}
		<-p.done // the last helper saw waiting; take its token
		return
	}
	<-p.done
}

// help is the life of a helper.
func (p *pool) help(h *helper) {
	for !p.stop.Load() {
		if p.claimSafely(h) {
			continue
		}
		p.idle(h)
	}
}

// claimSafely is claim for a helper: a panic in a chunk is kept for the caller.
func (p *pool) claimSafely(h *helper) (claimed bool) {
	defer func() {
		if e := recover(); e != nil {
			p.panicMu.Lock()
			p.panics = e
			p.panicMu.Unlock()
			p.finished()
		}
	}()
	return p.claim(&h.worker, h.id)
}

// idle waits for a region with chunks left.
func (p *pool) idle(h *helper) {
	for i := range spinPolls + yields {
		if p.open() || p.stop.Load() {
			return
		}
		if i >= spinPolls {
			runtime.Gosched()
		}
	}
	h.asleep.Store(true)
	if p.open() || p.stop.Load() {
		if h.asleep.CompareAndSwap(true, false) {
			return
		}
	}
	<-h.wake
}
