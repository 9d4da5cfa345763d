// Command vec writes the element-wise, row and sum kernels:
//
//	cd internal/kernel/_asm && go run ./vec
//
// The fused programs come from ../vec_fused.txt. Each kernel is emitted twice from one
// description, for AVX-512 and for AVX2.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	// A flag set of our own: importing avo takes these names in the global one.
	flags := flag.NewFlagSet("vec", flag.ExitOnError)
	asm := flags.String("out", "../zvec_amd64.s", "assembly to write")
	stubs := flags.String("stubs", "../zvec_amd64.go", "declarations to write")
	pkg := flags.String("pkg", "kernel", "package")
	flags.Parse(os.Args[1:])
	if err := generate("../vec_fused.txt", *asm, *stubs, *pkg); err != nil {
		log.Fatal(err)
	}
}

func generate(table, asmPath, stubsPath, pkg string) error {
	fused, err := readFused(table)
	if err != nil {
		return err
	}
	ctx := build.NewContext()
	ctx.ConstraintExpr("amd64")
	ctx.ConstraintExpr("!purego")
	k := &consts{at: map[con]int{}}
	for _, g := range []*gen{
		{Context: ctx, z: true, suffix: "AVX512", bytes: 64, parts: 1, consts: k},
		{Context: ctx, suffix: "AVX2", bytes: 32, parts: 2, consts: k},
	} {
		for _, name := range opOrder {
			g.program(opName(name), opKey(name))
		}
		for _, f := range fixed {
			if g.z || !zOnly(f.name) {
				f.emit(g, f.name)
			}
		}
		for i, key := range fused {
			g.program(fusedName(i), key)
		}
	}
	data(ctx, k)
	asm, err := assemble(ctx, pkg)
	if err != nil {
		return err
	}
	names := kernelNames(len(fused))
	asm = append(asm, entries(names)...)
	if err := os.WriteFile(asmPath, asm, 0o644); err != nil {
		return err
	}
	return os.WriteFile(stubsPath, declare(pkg, names, fused), 0o644)
}

func opName(op string) string { return "vec" + strings.ToUpper(op[:1]) + op[1:] }

// zOnly says that a kernel exists for AVX-512 only: its entry is 0 in AVX2.
func zOnly(name string) bool {
	return strings.Contains(name, "Columns") || strings.Contains(name, "Tile")
}

func fusedName(i int) string { return fmt.Sprintf("vecFused%d", i) }

// readFused returns the keys of the table: one a line, # starts a comment.
func readFused(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			keys = append(keys, line)
		}
	}
	return keys, nil
}

func kernelNames(fused int) (names []string) {
	for _, op := range opOrder {
		names = append(names, opName(op))
	}
	for _, f := range fixed {
		names = append(names, f.name)
	}
	for i := range fused {
		names = append(names, fusedName(i))
	}
	return names
}

// data emits the tables.
func data(ctx *build.Context, k *consts) {
	var eight []uint32
	for _, v := range k.list {
		for range 8 {
			eight = append(eight, uint32(v))
		}
	}
	for _, t := range []struct {
		name  string
		words []uint32
	}{
		{constName, eight},
		{maskName, slices.Concat(slices.Repeat([]uint32{1<<32 - 1}, 16), make([]uint32, 16))}, // lanes of a tail
		{iotaName, []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
		// Philox blocks in 64-bit lanes, so that unpacking leaves them in order
		{blocksName, []uint32{0, 0, 4, 0, 1, 0, 5, 0, 2, 0, 6, 0, 3, 0, 7, 0, 0, 0, 2, 0, 1, 0, 3, 0}},
	} {
		ctx.StaticGlobal(t.name)
		ctx.DataAttributes(attr.RODATA | attr.NOPTR)
		for i, w := range t.words {
			ctx.AddDatum(4*i, operand.U32(w))
		}
	}
}

const (
	iotaName   = "vecIota"
	blocksName = "vecBlocks"
)

var highRegister = regexp.MustCompile(`\b[XYZ](1[6-9]|2[0-9]|3[01])\b`)

func assemble(ctx *build.Context, pkg string) ([]byte, error) {
	file, err := ctx.Result()
	if list, ok := err.(build.ErrorList); ok {
		return nil, fmt.Errorf("%d errors, the first: %w", len(list), list[0])
	}
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, err
	}
	asm, err := printer.NewGoAsm(printer.Config{Name: "_asm/vec", Pkg: pkg}).Print(file)
	if err != nil {
		return nil, err
	}
	for _, f := range bytes.Split(asm, []byte("\nTEXT ·"))[1:] {
		name, _, _ := bytes.Cut(f, []byte("("))
		if bytes.HasSuffix(name, []byte("AVX2")) && highRegister.Match(f) {
			return nil, fmt.Errorf("%s needs more than 16 vector registers", name)
		}
	}
	return asm, nil
}

// entries emits the tables of entry points and the call through them.
func entries(names []string) []byte {
	var b bytes.Buffer
	for _, suffix := range []string{"AVX512", "AVX2"} {
		for i, n := range names {
			if suffix == "AVX2" && zOnly(n) {
				continue
			}
			fmt.Fprintf(&b, "\nDATA vecEntry%s<>+%d(SB)/8, $·%s%s(SB)", suffix, 8*i, n, suffix)
		}
		fmt.Fprintf(&b, "\nGLOBL vecEntry%s<>(SB), NOPTR, $%d\n", suffix, 8*len(names))
		fmt.Fprintf(&b, `
// func vecTable%s() *[vecKernels]uintptr
TEXT ·vecTable%s(SB), NOSPLIT, $0-8
	LEAQ vecEntry%s<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET
`, suffix, suffix, suffix)
	}
	b.WriteString(`
// func vecCall(fn uintptr, a *vecArgs)
TEXT ·vecCall(SB), NOSPLIT, $0-16
	MOVQ fn+0(FP), AX
	JMP  AX
`)
	return b.Bytes()
}

// declare declares the kernels, all with the arguments of vecCall.
func declare(pkg string, names, fused []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated by _asm/vec. DO NOT EDIT.\n\n//go:build amd64 && !purego\n\npackage %s\n\n", pkg)
	fmt.Fprintf(&b, "const vecKernels = %d\n\n", len(names))
	fmt.Fprintf(&b, "// vecCall runs the kernel whose entry point is fn.\n//\n//go:noescape\nfunc vecCall(fn uintptr, a *vecArgs)\n\n")
	fmt.Fprintf(&b, "func vecTableAVX512() *[vecKernels]uintptr\nfunc vecTableAVX2() *[vecKernels]uintptr\n\n")
	fmt.Fprintf(&b, "// fusedKeys are the programs of vec_fused.txt, from entry kFused on.\nvar fusedKeys = [...]string{\n")
	for _, k := range fused {
		fmt.Fprintf(&b, "\t%q,\n", k)
	}
	fmt.Fprintf(&b, "}\n\n// fixedNames are the kernels between the ops and the fused programs.\nvar fixedNames = [...]string{\n")
	for _, f := range fixed {
		fmt.Fprintf(&b, "\t%q,\n", f.name)
	}
	fmt.Fprintf(&b, "}\n")
	for _, suffix := range []string{"AVX512", "AVX2"} {
		for _, n := range names {
			if suffix == "AVX2" && zOnly(n) {
				continue
			}
			fmt.Fprintf(&b, "\n//go:noescape\nfunc %s%s(fn uintptr, a *byte)\n", n, suffix)
		}
	}
	return b.Bytes()
}
