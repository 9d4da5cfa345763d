package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/reg"
)

// program emits the kernel of a program, given by its key (vec.go).
func (g *gen) program(name, key string) {
	g.hold = strings.Contains(key, "relu")
	defer func() { g.hold = false }()
	g.kernel(name, g.bytes/4, streamsOf(key), func(f *frame) {
		f.pass(func(b block) { b.line(key) })
	})
}

func streamsOf(key string) []int {
	n := 0
	for i := range len(key) - 1 {
		if key[i] == 'x' && key[i+1] >= '0' && key[i+1] <= '9' {
			n = max(n, int(key[i+1]-'0')+1)
		}
	}
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// line emits the instructions for one vector: a stream is loaded where it is
// first read, and stays in its register.
func (b block) line(key string) {
	values := map[string]src{}
	value := func(name string) src {
		if v, ok := values[name]; ok {
			return v
		}
		var i int
		if _, err := fmt.Sscanf(name[1:], "%d", &i); err != nil {
			panic(key + ": operand " + name)
		}
		switch name[0] {
		case 's':
			return scl(i)
		case 'x':
			values[name] = b.load(i)
			return values[name]
		}
		panic(key + ": undefined " + name)
	}
	for _, text := range strings.Split(key, ";") {
		dst, rest, _ := strings.Cut(strings.TrimSuffix(text, ")"), "=")
		name, args, _ := strings.Cut(rest, "(")
		op, ok := ops[name]
		var v [3]src
		names := strings.Split(args, ",")
		if !ok || len(names) != op.arity {
			panic(key + ": " + text)
		}
		for i, n := range names {
			v[i] = value(n)
		}
		r := op.emit(b.gen, v[0], v[1], v[2])
		values[dst] = reg.VecVirtual(r)
		if dst[0] == 'x' {
			var i int
			fmt.Sscanf(dst[1:], "%d", &i)
			b.store(i, r)
		}
	}
}

// opKey is the key of a single op on streams.
func opKey(name string) string {
	refs := []string{"x0", "x1", "x2"}[:ops[name].arity]
	return fmt.Sprintf("x%d=%s(%s)", len(refs), name, strings.Join(refs, ","))
}
