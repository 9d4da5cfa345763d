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
	scratch kernel.Scratch
	streams [8]kernel.Stream
	scalars [16]float32
}

// region is work that was cut into independent chunks.
type region interface {
	chunk(w *worker, i int)
}

// pool runs regions on the caller and on persistent helpers.
//
// The chunks of a region are claimed one by one, by whoever is free, so a
// helper that the system has put aside costs at most the chunk it holds. The
// ticket packs the region's number, its chunk count and the next chunk into one
// word: a helper that wakes late cannot claim from a region it has not seen.
//
// Everybody waits in three steps: spin for a few microseconds, which is the
// common case between the regions of a step; then yield to the Go scheduler;
// then sleep in the kernel. The caller's last step matters beside a busy
// neighbour: it gives up its processor, and the system runs the helper there.
type pool struct {
	caller  worker
	helpers []*helper
	ticket  atomic.Uint64 // region<<40 | chunks<<20 | next
	region  region        // written before its ticket, read after a claim
	left    atomic.Int64  // chunks not yet done
	waiting atomic.Bool   // the caller sleeps on done
	done    chan struct{}
	stop    atomic.Bool
	panicMu sync.Mutex
	panics  any // of a helper, raised again by the caller
}

// helper is one goroutine of a pool.
type helper struct {
	worker
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
	p := &pool{done: make(chan struct{}, 1)}
	for range threads - 1 {
		h := &helper{wake: make(chan struct{}, 1)}
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

// run executes all chunks of r and returns when they are done.
func (p *pool) run(r region, chunks int) {
	if chunks == 1 || len(p.helpers) == 0 {
		for i := range chunks {
			r.chunk(&p.caller, i)
		}
		return
	}
	p.region = r
	p.left.Store(int64(chunks))
	number := p.ticket.Load()>>(2*chunkBits) + 1
	p.ticket.Store(number<<(2*chunkBits) | uint64(chunks)<<chunkBits)
	for _, h := range p.helpers[:min(len(p.helpers), chunks-1)] {
		h.rouse()
	}
	for p.claim(&p.caller) {
	}
	p.wait()
	p.region = nil
	if p.panics != nil {
		panic(p.panics)
	}
}

// claim runs one chunk of the current region, if one is left.
func (p *pool) claim(w *worker) bool {
	for {
		t := p.ticket.Load()
		next, chunks := t&chunkMask, t>>chunkBits&chunkMask
		if next >= chunks {
			return false
		}
		if p.ticket.CompareAndSwap(t, t+1) {
			p.region.chunk(w, int(next))
			if p.left.Add(-1) == 0 && p.waiting.Load() && p.waiting.CompareAndSwap(true, false) {
				p.done <- struct{}{}
			}
			return true
		}
	}
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
		if p.claimSafely(&h.worker) {
			continue
		}
		p.idle(h)
	}
}

// claimSafely is claim for a helper: a panic in a chunk is kept for the caller.
func (p *pool) claimSafely(w *worker) (claimed bool) {
	defer func() {
		if e := recover(); e != nil {
			p.panicMu.Lock()
			p.panics = e
			p.panicMu.Unlock()
			if p.left.Add(-1) == 0 && p.waiting.CompareAndSwap(true, false) {
				p.done <- struct{}{}
			}
		}
	}()
	return p.claim(w)
}

// idle waits for a region with chunks left.
func (p *pool) idle(h *helper) {
	for i := range spinPolls + yields {
		t := p.ticket.Load()
		if t&chunkMask < t>>chunkBits&chunkMask || p.stop.Load() {
			return
		}
		if i >= spinPolls {
			runtime.Gosched()
		}
	}
	h.asleep.Store(true)
	if t := p.ticket.Load(); t&chunkMask < t>>chunkBits&chunkMask || p.stop.Load() {
		if h.asleep.CompareAndSwap(true, false) {
			return
		}
	}
	<-h.wake
}
