package tokenizer

import "unicode/utf8"

// GPT-2 writes each byte as one visible character: the printable ones of
// Latin-1 as themselves, the 68 others as U+0100 and following, in order
// (bytes_to_unicode of its encoder.py). In that spelling a token of BPE is text
// without spaces. The order of these characters is the order of the bytes among
// the first 256 tokens.
var (
	byteRunes [256]rune
	runeBytes = map[rune]byte{}
	baseOrder = make([]byte, 0, 256) // the bytes in the order of their characters
)

func init() {
	var hidden []byte
	for b := range 256 {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			byteRunes[b] = rune(b)
			baseOrder = append(baseOrder, byte(b))
			continue
		}
		byteRunes[b] = rune(0x100 + len(hidden))
		hidden = append(hidden, byte(b))
	}
	baseOrder = append(baseOrder, hidden...)
	for b, r := range byteRunes {
		runeBytes[r] = byte(b)
	}
}

// visible returns bytes in GPT-2's spelling.
func visible(token string) string {
	out := make([]byte, 0, len(token)+len(token)/2)
	for i := range len(token) {
		out = utf8.AppendRune(out, byteRunes[token[i]])
	}
	return string(out)
}

// hidden returns the bytes of GPT-2's spelling; false if it is none.
func hidden(spelled string) (string, bool) {
	out := make([]byte, 0, len(spelled))
	for _, r := range spelled {
		b, ok := runeBytes[r]
		if !ok {
			return "", false
		}
		out = append(out, b)
	}
	return string(out), true
}
