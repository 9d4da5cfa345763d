package tokenizer

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The tokens of words that are no words.
const (
	Padding     int32 = 0 // behind the end of a text
	UnknownWord int32 = 1 // a word that is not among the most frequent
)

const firstWord = 2

// defaultWords is how many words a tokenizer has if nothing is said.
const defaultWords = 20000

// words has a token for each of the most frequent words, by falling frequency.
//
// A text is cut as Kim's classifier cuts it (Convolutional neural networks for
// sentence classification, EMNLP 2014, clean_str): lower case; 's, 've, 're,
// 'd, 'll, 'm and n't stand apart from their word. Unlike there, letters of all
// scripts and digits make words, and every other character that is no space is
// a token of its own, none is dropped.
type words struct {
	list    []string
	index   map[string]int32
	cutters sync.Pool // *cutter
}

func trainWords(texts iter.Seq[string], c Config) (Tokenizer, error) {
	if c.Size < 0 || c.Min < 0 {
		return nil, fmt.Errorf("tokenizer: words: size %d, at least %d times (want 0 for the default, or more)", c.Size, c.Min)
	}
	counts := map[string]int{}
	var cut cutter
	for text := range texts {
		cut.words(text, func(w []byte) { counts[string(w)]++ })
	}
	list := make([]string, 0, len(counts))
	for w, n := range counts {
		if n >= c.Min {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	if len(list) == 0 {
		return nil, fmt.Errorf("tokenizer: words: 0 words that occur at least %d times, of %d different ones (want one)", max(1, c.Min), len(counts))
	}
	size := c.Size
	if size == 0 {
		size = defaultWords
	}
	return newWords(list[:min(size, len(list))])
}

func newWords(list []string) (*words, error) {
	w := &words{list: slices.Clone(list), index: make(map[string]int32, len(list)), cutters: sync.Pool{New: func() any { return new(cutter) }}}
	for i, word := range list {
		w.index[word] = int32(i + firstWord)
	}
	if len(list) == 0 || len(w.index) != len(list) {
		return nil, fmt.Errorf("tokenizer: words: %d words, %d of them different (want at least one, and each once)", len(list), len(w.index))
	}
	return w, nil
}

func (w *words) Kind() string               { return KindWords }
func (w *words) Size() int                  { return len(w.list) + firstWord }
func (w *words) Encode(text string) []int32 { return known(w.Append(nil, text)) }
func (w *words) EndOfText() int32           { return -1 }
func (w *words) marshal() ([]byte, error)   { return file{Kind: KindWords, Words: w.list}.marshal() }

func (w *words) Append(dst []int32, text string) ([]int32, error) {
	cut := w.cutters.Get().(*cutter)
	defer w.cutters.Put(cut)
	cut.words(text, func(word []byte) {
		id, ok := w.index[string(word)]
		if !ok {
			id = UnknownWord
		}
		dst = append(dst, id)
	})
	return dst, nil
}

func (w *words) Decode(ids []int32) string { return strings.TrimPrefix(decode(w, ids), " ") }

// AppendToken puts a space before each word.
func (w *words) AppendToken(dst []byte, id int32) []byte {
	switch {
	case id == UnknownWord:
		return append(dst, " <unk>"...)
	case id >= firstWord && int(id) < w.Size():
		return append(append(dst, ' '), w.list[id-firstWord]...)
	}
	return dst
}

// cutter cuts texts into words. Its memory is used again.
type cutter struct{ word []byte }

// words calls f with the words of a text; each is valid during the call.
func (c *cutter) words(text string, f func([]byte)) {
	c.word = c.word[:0]
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case isWord(r):
			c.word = utf8.AppendRune(c.word, unicode.ToLower(r))
		case isApostrophe(r):
			size += c.contraction(text[i+size:], f)
		default:
			c.flush(f)
			if !unicode.IsSpace(r) {
				c.alone(string(r), f)
			}
		}
		i += size
	}
	c.flush(f)
}

func isWord(r rune) bool       { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
func isApostrophe(r rune) bool { return r == '\'' || r == '’' }

func (c *cutter) flush(f func([]byte)) {
	if len(c.word) > 0 {
		f(c.word)
		c.word = c.word[:0]
	}
}

func (c *cutter) alone(text string, f func([]byte)) {
	c.word = append(c.word, text...)
	c.flush(f)
}

// contractions are what stands behind an apostrophe in English.
var contractions = []string{"s", "ve", "re", "d", "ll", "m", "t"}

// contraction takes what stands behind an apostrophe and returns its bytes: "'s"
// and the like are one word, "n't" takes the n off the word before, and any
// other apostrophe stands alone.
func (c *cutter) contraction(rest string, f func([]byte)) int {
	for _, s := range contractions {
		if len(rest) < len(s) || !strings.EqualFold(rest[:len(s)], s) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(rest[len(s):]); isWord(next) {
			continue
		}
		if n := len(c.word); s == "t" && n > 0 && c.word[n-1] == 'n' {
			c.word = c.word[:n-1]
			c.flush(f)
			c.alone("n't", f)
		} else {
			c.flush(f)
			c.alone("'"+s, f)
		}
		return len(s)
	}
	c.flush(f)
	c.alone("'", f)
	return 0
}
