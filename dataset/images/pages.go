package images

import (
	"sync/atomic"

	"github.com/descent-ml/descent/internal/mapped"
)

// pages is the mapped pixels of a set. What is read of them counts as memory of the
// process, though the system can take it back; so it is given up every so often, and stays in
// the page cache.
type pages struct {
	file *mapped.File
	size int64        // of an image
	read atomic.Int64 // bytes that became resident since pages were given up
}

// mostResident is how many bytes may be resident.
const mostResident = 64 << 20

// readAround is how much the system maps, about, when a page is read.
const readAround = 64 << 10

// soon asks for images that will be read: those listed, which place turns into
// numbers in the set.
func (s *Set) soon(list []int, place func(int) int) {
	if s.pages == nil {
		return
	}
	for _, i := range list {
		at := int64(place(i)) * s.pages.size
		s.pages.file.Soon(at, at+s.pages.size)
	}
}

// use returns the pixels of image i, which will be read now.
func (s *Set) use(i int) []uint8 {
	if s.pages != nil {
		s.pages.count()
	}
	return s.Image(i)
}

// count adds an image to what is resident.
func (p *pages) count() {
	n := max(p.size, readAround)
	if p.read.Add(n) >= mostResident {
		p.read.Store(0)
		p.file.Drop(0, int64(len(p.file.Bytes())))
	}
}
