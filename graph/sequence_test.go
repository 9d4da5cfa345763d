package graph

import (
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// TestSequenceErrors: operands that have no positions, or that do not fit them.
func TestSequenceErrors(t *testing.T) {
	for want, f := range map[string]func(b *Builder, x *Node){ // x is f32 (6, 8)
		"shift(f32[B 8]): want f32 positions":             func(b *Builder, x *Node) { b.Shift(b.Input("v", tensor.F32, 8), 1) },
		"lengths or an index f32[B], want i32[B]":         func(b *Builder, x *Node) { b.MeanOver(x, b.Input("n", tensor.F32)) },
		"lengths or an index i32[B 2], want i32[B]":       func(b *Builder, x *Node) { b.Reverse(x, b.Input("n", tensor.I32, 2)) },
		"pickat(f32[B 6 8], f32[B]): lengths or an index": func(b *Builder, x *Node) { b.PickAt(x, b.Input("n", tensor.F32)) },
		"3 heads of 4, want at least 1 of an even size":   func(b *Builder, x *Node) { b.Rotary(x, nil, nil, 3, 4, 10000) },
		"2 heads of 3, want at least 1 of an even size":   func(b *Builder, x *Node) { b.Rotary(x, nil, nil, 2, 3, 10000) },
		"base 1, want more than 1":                        func(b *Builder, x *Node) { b.Rotary(x, nil, nil, 1, 4, 1) },
		"a segment f32[B], want f32[]":                    func(b *Builder, x *Node) { b.Rotary(x, nil, b.Input("s", tensor.F32), 1, 4, 10000) },
		"7 positions out of a table of 6":                 func(b *Builder, x *Node) { b.PositionRows(b.Param("w", Init{}, 6, 8), nil, 7) },
		"0 positions of 8 channels":                       func(b *Builder, x *Node) { b.Sinusoids(0, 8) },
		"the recurrent weight is f32[2 6], want f32[2 8]": func(b *Builder, x *Node) { b.LSTM(x, b.Param("w", Init{}, 2, 6)) },
		"want per-example f32 gates (T, 3·H)":             func(b *Builder, x *Node) { b.GRU(x, b.Param("w", Init{}, 2, 8), b.Param("b", Init{}, 8)) },
		"bias f32[5], want f32[6]": func(b *Builder, x *Node) {
			b.GRU(b.Slice(x, 0, 6), b.Param("w", Init{}, 2, 6), b.Param("b", Init{}, 5))
		},
		"a state f32[B 2], want f32[B 4]": func(b *Builder, x *Node) { b.LSTMFrom(x, b.Param("w", Init{}, 2, 8), b.Input("s", tensor.F32, 2)) },
	} {
		var b Builder
		f(&b, b.Input("x", tensor.F32, 6, 8))
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestPositionRowsOfAll: the whole table without segments is the table.
func TestPositionRowsOfAll(t *testing.T) {
	var b Builder
	table := b.Param("w", Init{}, 6, 8)
	if b.PositionRows(table, nil, 6) != table {
		t.Error("the rows of all positions are a copy of the table")
	}
}
