//go:build unix && !linux

package mapped

import "os"

// reserve does nothing: the system has no call for it that all have.
func reserve(*os.File, int64) error { return nil }
