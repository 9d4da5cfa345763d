// Package tensor holds host arrays: a data type, a shape and a flat slice in
// row-major order. It is what datasets, checkpoints and engines exchange; it
// computes nothing.
package tensor
