package tokenizer

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// chars has a token for each of some characters, in the order of Unicode; then,
// if they are wanted, one for those that are unknown and one for the end of a
// text.
type chars struct {
	runes        []rune
	ascii        [utf8.RuneSelf]int32 // -1: not there
	more         map[rune]int32       // beyond ASCII
	unknown, end int32                // or -1
}

func trainChars(texts iter.Seq[string], c Config) (Tokenizer, error) {
	seen, number := map[rune]bool{}, 0
	for text := range texts {
		for i, r := range text {
			if seen[r] {
				continue
			}
			if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
				return nil, fmt.Errorf("tokenizer: chars: text %d, byte %d: 0x%02x is not UTF-8 (want text, or a tokenizer of %s)", number, i, text[i], KindBytes)
			}
			seen[r] = true
		}
		number++
	}
	runes := make([]rune, 0, len(seen))
	for r := range seen {
		runes = append(runes, r)
	}
	slices.Sort(runes)
	return newChars(runes, c.Unknown, c.EndOfText)
}

// newChars returns the tokenizer of characters that are sorted.
func newChars(runes []rune, unknown, end bool) (*chars, error) {
	if len(runes) == 0 {
		return nil, errors.New("tokenizer: chars: the text is empty")
	}
	c := &chars{runes: runes, more: map[rune]int32{}, unknown: -1, end: -1}
	for i := range c.ascii {
		c.ascii[i] = -1
	}
	for i, r := range runes {
		if i > 0 && runes[i-1] >= r {
			return nil, fmt.Errorf("tokenizer: chars: %q stands behind %q (want each character once, in order)", r, runes[i-1])
		}
		if r < utf8.RuneSelf {
			c.ascii[r] = int32(i)
		} else {
			c.more[r] = int32(i)
		}
	}
	next := int32(len(runes))
	if unknown {
		c.unknown, next = next, next+1
	}
	if end {
		c.end = next
	}
	return c, nil
}

func (c *chars) Kind() string               { return KindChars }
func (c *chars) Size() int                  { return int(max(int32(len(c.runes)), c.unknown+1, c.end+1)) }
func (c *chars) Encode(text string) []int32 { return known(c.Append(nil, text)) }
func (c *chars) Decode(ids []int32) string  { return decode(c, ids) }
func (c *chars) EndOfText() int32           { return c.end }

func (c *chars) marshal() ([]byte, error) {
	return file{Kind: KindChars, Characters: string(c.runes), Unknown: c.unknown >= 0, EndOfText: c.end >= 0}.marshal()
}

func (c *chars) Append(dst []int32, text string) (_ []int32, err error) {
	dst = slices.Grow(dst, len(text))
	for i, r := range text {
		id := c.id(r)
		if id >= 0 {
			dst = append(dst, id)
		} else if err == nil {
			err = fmt.Errorf("tokenizer: character %q (%U) at byte %d is not one of the %d that the tokenizer was trained on (a tokenizer trained with unknown has a token for it)",
				r, r, i, len(c.runes))
		}
	}
	return dst, err
}

// id returns the token of a character, or -1.
func (c *chars) id(r rune) int32 {
	if r < utf8.RuneSelf {
		if id := c.ascii[r]; id >= 0 {
			return id
		}
		return c.unknown
	}
	if id, ok := c.more[r]; ok {
		return id
	}
	return c.unknown
}

func (c *chars) AppendToken(dst []byte, id int32) []byte {
	switch {
	case uint32(id) < uint32(len(c.runes)):
		return utf8.AppendRune(dst, c.runes[id])
	case id < 0:
		return dst
	case id == c.unknown:
		return utf8.AppendRune(dst, utf8.RuneError)
	case id == c.end:
		return append(dst, EndOfTextToken...)
	}
	return dst
}
