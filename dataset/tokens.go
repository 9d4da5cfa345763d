package dataset

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/descent-ml/descent/tokenizer"
)

// Tokens is text as tokens, in memory or in a file that is mapped into it. It
// does not change and is safe for concurrent use.
type Tokens struct {
	narrow []uint16 // the tokens, if they have two bytes; else
	wide   []uint32
	vocab  int
	tok    tokenizer.Tokenizer // or nil
	name   string              // of the file, for errors
	close  func() error        // of a mapping; nil
}

// Tokenize turns texts into tokens, one behind another. Where end is set, the
// tokenizer's end of a text stands behind each of them. Errors name the text.
func Tokenize(t tokenizer.Tokenizer, texts iter.Seq[string], end bool) (*Tokens, error) {
	if end && t.EndOfText() < 0 {
		return nil, fmt.Errorf("dataset: a tokenizer of %s without a token for the end of a text", t.Kind())
	}
	out := newTokens(t.Size(), t)
	var ids []int32
	number := 0
	for text := range texts {
		var err error
		if ids, err = t.Append(ids[:0], text); err != nil {
			return nil, fmt.Errorf("dataset: text %d: %w", number, err)
		}
		if end {
			ids = append(ids, t.EndOfText())
		}
		out.add(ids)
		number++
	}
	return out, out.check()
}

// TokensOf returns tokens of a vocabulary of so many that a program has made,
// by copying them. t is the tokenizer that they are of, or nil.
func TokensOf(ids []int32, vocabulary int, t tokenizer.Tokenizer) (*Tokens, error) {
	if vocabulary < 1 || vocabulary > math.MaxInt32 {
		return nil, fmt.Errorf("dataset: tokens of a vocabulary of %d", vocabulary)
	}
	for i, id := range ids {
		if id < 0 || int(id) >= vocabulary {
			return nil, fmt.Errorf("dataset: token %d is %d (want 0 to %d)", i, id, vocabulary-1)
		}
	}
	out := newTokens(vocabulary, t)
	out.add(ids)
	return out, out.check()
}

func newTokens(vocabulary int, t tokenizer.Tokenizer) *Tokens {
	out := &Tokens{vocab: vocabulary, tok: t, name: "tokens"}
	if vocabulary > 1<<16 {
		out.wide = []uint32{}
	}
	return out
}

// add appends tokens that are in the vocabulary.
func (t *Tokens) add(ids []int32) {
	if t.wide != nil {
		t.wide = appendTokens(t.wide, ids)
	} else {
		t.narrow = appendTokens(t.narrow, ids)
	}
}

func appendTokens[T uint16 | uint32](dst []T, ids []int32) []T {
	dst = slices.Grow(dst, len(ids))
	for _, id := range ids {
		dst = append(dst, T(id))
	}
	return dst
}

// check refuses no tokens, and tokens that are not in the vocabulary; a
// vocabulary of 0 becomes the largest token and one.
func (t *Tokens) check() error {
	if t.Len() == 0 {
		return fmt.Errorf("dataset: %s: no tokens", t.name)
	}
	at, most := largest(t.narrow)
	size := 2
	if t.wide != nil {
		at, most = largest(t.wide)
		size = 4
	}
	if t.vocab == 0 && most < math.MaxInt32 {
		t.vocab = int(most) + 1
	}
	if int(most) >= t.vocab {
		return fmt.Errorf("dataset: %s: token %d, at byte %d, is %d (want 0 to %d)", t.name, at, at*size, most, t.vocab-1)
	}
	return nil
}

// largest returns the first of the largest tokens and where it is.
func largest[T uint16 | uint32](tokens []T) (at int, most uint32) {
	var top T
	for _, v := range tokens {
		top = max(top, v)
	}
	return slices.Index(tokens, top), uint32(top)
}

// Len returns the number of tokens.
func (t *Tokens) Len() int { return len(t.narrow) + len(t.wide) }

// Vocabulary returns the number of different tokens that there may be.
func (t *Tokens) Vocabulary() int { return t.vocab }

// Tokenizer returns what the tokens are of, or nil.
func (t *Tokens) Tokenizer() tokenizer.Tokenizer { return t.tok }

// At returns token i.
func (t *Tokens) At(i int) int32 {
	if t.wide != nil {
		return int32(t.wide[i])
	}
	return int32(t.narrow[i])
}

// Copy copies the tokens from i on into dst, which must not reach beyond the
// last.
func (t *Tokens) Copy(dst []int32, i int) {
	if t.wide != nil {
		widen(dst, t.wide[i:])
	} else {
		widen(dst, t.narrow[i:])
	}
}

func widen[T uint16 | uint32](dst []int32, src []T) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = int32(src[i])
	}
}

// Slice returns the tokens lo to hi-1, without copying them.
func (t *Tokens) Slice(lo, hi int) (*Tokens, error) {
	if lo < 0 || hi > t.Len() || lo >= hi {
		return nil, fmt.Errorf("dataset: tokens %d to %d (want some of 0 to %d)", lo, hi, t.Len())
	}
	part := *t
	part.close = nil
	if t.wide != nil {
		part.wide = t.wide[lo:hi]
	} else {
		part.narrow = t.narrow[lo:hi]
	}
	return &part, nil
}

// Close gives back the memory of a mapped file. The tokens, and whatever reads
// them, must not be used afterwards.
func (t *Tokens) Close() error {
	if t.close == nil {
		return nil
	}
	unmap := t.close
	t.narrow, t.wide, t.close = nil, nil, nil
	return unmap()
}
