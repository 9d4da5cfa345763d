package cpu

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages: fewer TLB misses on large weights. The
// system may ignore it; the memory serves either way.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
