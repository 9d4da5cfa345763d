package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// fetch reads consecutive memory for the caches to have it: k steps, not 0, of 8
// cache lines from b. They are loads and not prefetches, of which fewer are on
// their way at once.
func fetch() {
	TEXT("fetch", NOSPLIT, "func(args *int)")
	Pragma("noescape")
	args := Load(Param("args"), GP64())
	k, b := GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: argK}, k)
	MOVQ(Mem{Base: args, Disp: argB}, b)
	Label("step")
	for line := range 8 {
		MOVL(Mem{Base: b, Disp: 64 * line}, GP32())
	}
	ADDQ(I32(8*64), b)
	DECQ(k)
	JNE(LabelRef("step"))
	RET()
}
