package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// A splitter returns the length of the first piece of a text that is not empty.
// Tokens do not cross pieces.
type splitter func(text string) int

// gpt2Pattern is the expression that GPT-2 cuts text by (encoder.py).
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// class is what the expressions distinguish.
type class uint8

const (
	other class = iota
	letter
	digit // of any script, and other numbers: \p{N}
	space
)

var asciiClass = func() (c [utf8.RuneSelf]class) {
	for r := range c {
		c[r] = classOf(rune(r))
	}
	return c
}()

func classOf(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return digit
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// first returns the class and the length of the first character of a text that
// is not empty. A byte that is not UTF-8 is a character of the class other.
func first(text string) (class, int) {
	if b := text[0]; b < utf8.RuneSelf {
		return asciiClass[b], 1
	}
	r, size := utf8.DecodeRuneInString(text)
	return classOf(r), size
}

// run returns where the characters of a class end that begin at from.
func run(text string, from int, want class) int {
	for from < len(text) {
		c, size := first(text[from:])
		if c != want {
			break
		}
		from += size
	}
	return from
}

// splitGPT2 is gpt2Pattern by hand.
func splitGPT2(text string) int {
	if n := contracted(text); n > 0 {
		return n
	}
	at := 0
	if text[0] == ' ' && len(text) > 1 {
		at = 1
	}
	c, _ := first(text[at:])
	if c != space {
		return run(text, at, c)
	}
	return spaces(text)
}

// contracted returns the length of 's, 't, 're, 've, 'm, 'll or 'd, or 0.
func contracted(text string) int {
	if text[0] != '\'' || len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) > 2 {
		switch text[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// spaces is \s+(?!\S)|\s+: the spaces that the text begins with, but for the
// last one if a word stands behind them and there is another.
func spaces(text string) int {
	last, end := 0, 0
	for end < len(text) {
		c, size := first(text[end:])
		if c != space {
			if last > 0 {
				return last
			}
			return end
		}
		last, end = end, end+size
	}
	return end
}

// cl100kPattern is the expression of OpenAI's cl100k_base, which Llama 3 and
// Qwen also have but for the number of digits.
const cl100kPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// splitters by their expressions.
var splitters = map[string]splitter{gpt2Pattern: splitGPT2, cl100kPattern: splitCL100K}

// splitCL100K is cl100kPattern by hand.
func splitCL100K(text string) int {
	if n := contractedFold(text); n > 0 {
		return n
	}
	c, size := first(text)
	at := 0 // behind the character that may stand before a word
	if newline := text[0] == '\r' || text[0] == '\n'; c != letter && c != digit && !newline {
		at = size
	}
	if end := run(text, at, letter); end > at {
		return end
	}
	if c == digit {
		return digits(text, 3)
	}
	at = 0
	if text[0] == ' ' {
		at = 1
	}
	if end := run(text, at, other); end > at {
		return newlines(text, end)
	}
	if n := lastNewline(text); n > 0 {
		return n
	}
	return spaces(text)
}

// contractedFold is contracted for upper and lower case, and the long s and the
// Kelvin sign have no part in it.
func contractedFold(text string) int {
	var low [3]byte
	n := copy(low[:], text)
	for i, c := range low[:n] {
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	return contracted(string(low[:n]))
}

// digits returns where the digits end that a text begins with, at most n.
func digits(text string, n int) int {
	end := 0
	for ; n > 0 && end < len(text); n-- {
		c, size := first(text[end:])
		if c != digit {
			break
		}
		end += size
	}
	return end
}

// newlines returns where the line ends end that begin at from.
func newlines(text string, from int) int {
	for from < len(text) && (text[from] == '\r' || text[from] == '\n') {
		from++
	}
	return from
}

// lastNewline returns where the last line end of the spaces is over that a text
// begins with, or 0.
func lastNewline(text string) int {
	return 1 + lastOf(text[:run(text, 0, space)])
}

func lastOf(spaces string) int {
	for i := len(spaces) - 1; i >= 0; i-- {
		if spaces[i] == '\r' || spaces[i] == '\n' {
			return i
		}
	}
	return -1
}
