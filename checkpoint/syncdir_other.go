//go:build !unix

package checkpoint

// syncDir does nothing where directories cannot be opened for writing; NTFS
// journals its names.
func syncDir(string) error { return nil }
