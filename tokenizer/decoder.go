package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decoder turns tokens into text one by one. It holds back the bytes of a
// character that is not complete, so that what it returns can be printed. It is
// not safe for concurrent use.
type Decoder struct {
	t    Tokenizer
	held []byte // a part of a character
	some bool   // text was returned
}

// NewDecoder returns a decoder of the tokens of t.
func NewDecoder(t Tokenizer) *Decoder { return &Decoder{t: t} }

// Next returns the text that a token completes, which may be "".
func (d *Decoder) Next(id int32) string {
	d.held = d.t.AppendToken(d.held, id)
	n := len(d.held) - incomplete(d.held)
	return d.take(n)
}

// Flush returns what is held back: bytes that are no whole character.
func (d *Decoder) Flush() string { return d.take(len(d.held)) }

func (d *Decoder) take(n int) string {
	text := strings.ToValidUTF8(string(d.held[:n]), string(utf8.RuneError))
	d.held = append(d.held[:0], d.held[n:]...)
	if !d.some && d.t.Kind() == KindWords {
		text = strings.TrimPrefix(text, " ") // words have a space before them
	}
	d.some = d.some || text != ""
	return text
}

// incomplete returns how many bytes at the end are the beginning of a
// character that could still become one.
func incomplete(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
