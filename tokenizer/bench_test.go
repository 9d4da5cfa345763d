package tokenizer

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkEncode(b *testing.B) {
	text := shakespeare(b)
	for _, kind := range Kinds() {
		tok := mustTrain(b, kind, Config{Size: 4096}, text)
		ids := tok.Encode(text)
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				ids, _ = tok.Append(ids[:0], text)
			}
		})
	}
}

func BenchmarkTrainBPE(b *testing.B) {
	texts := []string{shakespeare(b)}
	for _, size := range []int{1024, 8192} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(len(texts[0])))
			for b.Loop() {
				if _, err := TrainBPE(texts, size); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLongPiece is a text without a place to cut it.
func BenchmarkLongPiece(b *testing.B) {
	tok, text := mustTrain(b, KindBPE, Config{Size: 300}, "abababab aaaa"), strings.Repeat("abaa", 1<<16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text)
	}
}
