//go:build cgo

package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
typedef void (*sgemm)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef char *(*text)(void);
static void *sym(void *lib, const char *a, const char *b) { void *p = dlsym(lib, a); return p ? p : dlsym(lib, b); }
static char *call_text(void *f) { return ((text)f)(); }
static void run(void *f, int reps, int ta, int tb, int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c, int ldc) {
	for (int i = 0; i < reps; i++)
		((sgemm)f)(101, ta ? 112 : 111, tb ? 112 : 111, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, ldc);
}
*/
import "C"

import (
	"fmt"
	"os"
	"strings"
	"unsafe"
)

// openBLAS is a loaded library. Repetitions run in C, so that the price of a
// call from Go is not on its bill.
type openBLAS struct {
	name  string
	sgemm unsafe.Pointer
}

// loadOpenBLAS loads a library, held to one thread and free to choose its kernels:
// settings of the environment (a core type, a cache size) would slow it down.
func loadOpenBLAS(path, core string) (*openBLAS, error) {
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "OPENBLAS_") {
			os.Unsetenv(name) // cgo passes this on to C
		}
	}
	os.Setenv("OPENBLAS_NUM_THREADS", "1")
	if core != "" {
		os.Setenv("OPENBLAS_CORETYPE", core)
	}
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	lib := C.dlopen(p, C.RTLD_NOW|C.RTLD_LOCAL)
	if lib == nil {
		return nil, fmt.Errorf("%s (run ./peers.sh)", C.GoString(C.dlerror()))
	}
	find := func(name string) unsafe.Pointer {
		a, b := C.CString(name), C.CString("scipy_"+name)
		defer C.free(unsafe.Pointer(a))
		defer C.free(unsafe.Pointer(b))
		return C.sym(lib, a, b)
	}
	f := find("cblas_sgemm")
	if f == nil {
		return nil, fmt.Errorf("%s has no cblas_sgemm", path)
	}
	return &openBLAS{name: C.GoString(C.call_text(find("openblas_get_config"))) + " core " + C.GoString(C.call_text(find("openblas_get_corename"))), sgemm: f}, nil
}

func (o *openBLAS) run(reps int, x *product) {
	flag := map[bool]C.int{true: 1}
	C.run(o.sgemm, C.int(reps), flag[x.kind == "TN"], flag[x.kind == "NT"], C.int(x.m), C.int(x.n), C.int(x.k),
		(*C.float)(&x.a[0]), C.int(x.lda), (*C.float)(&x.b[0]), C.int(x.ldb), (*C.float)(&x.c[0]), C.int(x.n))
}
