package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
)

// The kinds of tokenizers.
const (
	KindBytes = "bytes"
	KindChars = "chars"
	KindBPE   = "bpe"
	KindWords = "words"
)

// Kinds lists the kinds that Train makes.
func Kinds() []string { return []string{KindChars, KindBytes, KindBPE, KindWords} }

// EndOfTextToken is the text of the special token that stands between
// documents, as GPT-2 has it.
const EndOfTextToken = "<|endoftext|>"

// Tokenizer turns text into tokens and back. Tokens are from 0 to Size()-1. It
// does not change and is safe for concurrent use.
type Tokenizer interface {
	// Kind returns KindBytes, KindChars, KindBPE or KindWords.
	Kind() string

	// Size returns the number of different tokens.
	Size() int

	// Encode returns the tokens of a text. What the tokenizer has no token for
	// is left out; Append reports it.
	Encode(text string) []int32

	// Append appends the tokens of a text to dst. The error names the first
	// character that there is no token for, and where it stands.
	Append(dst []int32, text string) ([]int32, error)

	// Decode returns the text of tokens. That of bytes, chars and bpe is the
	// text that was encoded; that of words is words with a space between.
	// Tokens outside the range have no text.
	Decode(ids []int32) string

	// AppendToken appends the bytes of one token to dst, which may be a part
	// of a character.
	AppendToken(dst []byte, id int32) []byte

	// EndOfText returns the token that stands between documents, or -1 if
	// there is none.
	EndOfText() int32

	marshal() ([]byte, error)
}

// Config says what Train makes.
type Config struct {
	Size      int  // bpe: all tokens, at least 257, default 4096; words: the most frequent so many, default 20000
	Min       int  // words: that occur at least so often; default 1
	Unknown   bool // chars: one more token for the characters that the training text has not, instead of an error
	EndOfText bool // chars and bytes: one more token between documents; bpe always has it
}

// Train makes a tokenizer of a kind from texts, which are read once, in order.
// The same texts give the same tokenizer.
func Train(kind string, texts iter.Seq[string], c Config) (Tokenizer, error) {
	switch kind {
	case KindBytes:
		return newRaw(c.EndOfText), nil
	case KindChars:
		return trainChars(texts, c)
	case KindBPE:
		return trainBPE(texts, c)
	case KindWords:
		return trainWords(texts, c)
	}
	return nil, fmt.Errorf("tokenizer: kind %q (want %s, %s, %s or %s)", kind, KindChars, KindBytes, KindBPE, KindWords)
}

// Bytes returns the tokenizer whose tokens are bytes.
func Bytes() Tokenizer { return newRaw(false) }

// Chars returns the tokenizer with a token for each distinct character of the
// text, in the order of Unicode.
func Chars(text string) (Tokenizer, error) { return Train(KindChars, one(text), Config{}) }

// TrainBPE returns a byte-level BPE of so many tokens, or of fewer if the texts
// have no more pairs: see Train.
func TrainBPE(texts []string, size int) (Tokenizer, error) {
	return Train(KindBPE, each(texts), Config{Size: size})
}

// Words returns the tokenizer of the most frequent words of texts.
func Words(texts []string, size int) (Tokenizer, error) {
	return Train(KindWords, each(texts), Config{Size: size})
}

func one(text string) iter.Seq[string] { return func(yield func(string) bool) { yield(text) } }

func each(texts []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, text := range texts {
			if !yield(text) {
				return
			}
		}
	}
}

// Fingerprint identifies a tokenizer by 32 hexadecimal digits: the first half of
// SHA-256 over what Marshal writes.
func Fingerprint(t Tokenizer) (string, error) {
	data, err := Marshal(t)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16]), nil
}

// decode joins the bytes of tokens.
func decode(t Tokenizer, ids []int32) string {
	text := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		text = t.AppendToken(text, id)
	}
	return string(text)
}

// known returns the tokens of a text but for what there is no token for.
func known(ids []int32, _ error) []int32 { return ids }
