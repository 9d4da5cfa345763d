//go:build !cgo

package main

import "errors"

type openBLAS struct{ name string }

func loadOpenBLAS(path, core string) (*openBLAS, error) {
	return nil, errors.New("built without cgo (want CGO_ENABLED=1 and a C compiler)")
}

func (*openBLAS) run(int, *product) {}
