package cpu

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages: fewer TLB misses on large weights. The
// system may ignore it; the memory serves either way.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }

// physical returns the bytes of memory of the machine, 0 if it is not known.
func physical() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
