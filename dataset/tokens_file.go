package dataset

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"unsafe"

	"github.com/descent-ml/descent/internal/mapped"
	"github.com/descent-ml/descent/tokenizer"
)

// The types of the tokens of a file, little endian.
const (
	TokensU16 = "uint16" // as nanoGPT's
	TokensU32 = "uint32"
)

// TokenOptions says what is in a file of tokens, where no description is beside
// it. The zero value is nanoGPT's: uint16, of an unknown tokenizer.
type TokenOptions struct {
	Type       string              // TokensU16 (default) or TokensU32
	Vocabulary int                 // how many tokens there are; 0: the tokenizer's, or the largest in the file and one
	Tokenizer  tokenizer.Tokenizer // or nil
}

// tokensVersion is the version of descriptions; all before are read.
const tokensVersion = 1

// sidecar describes a file of tokens, in a file beside it: PATH.json.
type sidecar struct {
	Version    int             `json:"descent_tokens"`
	Type       string          `json:"type"`
	Tokens     int             `json:"tokens"`
	Vocabulary int             `json:"vocabulary"`
	Tokenizer  json.RawMessage `json:"tokenizer,omitempty"`
}

func sidecarPath(path string) string { return path + ".json" }

// WriteTokens writes a file of tokens without a header, as nanoGPT's .bin are,
// and beside it, in PATH.json, their type, vocabulary and tokenizer.
func WriteTokens(path string, t *Tokens) error {
	s := sidecar{Version: tokensVersion, Type: TokensU16, Tokens: t.Len(), Vocabulary: t.vocab}
	if t.wide != nil {
		s.Type = TokensU32
	}
	var err error
	if t.tok != nil {
		if s.Tokenizer, err = tokenizer.Marshal(t.tok); err != nil {
			return err
		}
	}
	about, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	if err := t.writeFile(path); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	if err := os.WriteFile(sidecarPath(path), about, 0o644); err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	return nil
}

func (t *Tokens) writeFile(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range t.Len() {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], uint32(t.At(i)))
		if t.wide != nil {
			w.Write(b[:])
		} else {
			w.Write(b[:2])
		}
	}
	return w.Flush() // the first error of a write, too
}

// OpenTokens opens a file of tokens, which is mapped into memory where the
// system can, and reads it once to check the tokens. What PATH.json beside it
// says goes before the options. The file must not change or become shorter
// while it is open.
func OpenTokens(path string, o TokenOptions) (*Tokens, error) {
	t, err := openTokens(path, o)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	if err := t.check(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func openTokens(path string, o TokenOptions) (*Tokens, error) {
	s, err := readSidecar(path)
	if err != nil {
		return nil, err
	}
	t := &Tokens{name: path, tok: o.Tokenizer, vocab: o.Vocabulary}
	if s.Type != "" {
		o.Type, t.vocab = s.Type, s.Vocabulary
	}
	if s.Tokenizer != nil {
		if t.tok, err = tokenizer.Parse(s.Tokenizer); err != nil {
			return nil, fmt.Errorf("%s: %w", sidecarPath(path), err)
		}
	}
	if t.tok != nil && t.vocab == 0 {
		t.vocab = t.tok.Size()
	}
	f, err := mapped.Open(path)
	if err != nil {
		return nil, err
	}
	t.close = f.Close
	if err := t.interpret(f.Bytes(), o.Type, s.Tokens); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// readSidecar reads the description of a file, which is zero if there is none.
func readSidecar(path string) (s sidecar, err error) {
	data, err := os.ReadFile(sidecarPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	switch {
	case err != nil:
		return s, fmt.Errorf("its description: %w", err)
	case s.Version < 1 || s.Version > tokensVersion:
		return s, fmt.Errorf("%s: version %d, its key descent_tokens (want 1 to %d)", sidecarPath(path), s.Version, tokensVersion)
	case s.Vocabulary < 1 || s.Vocabulary > math.MaxInt32:
		return s, fmt.Errorf("%s: a vocabulary of %d tokens", sidecarPath(path), s.Vocabulary)
	}
	return s, nil
}

// interpret takes the bytes of a file as tokens. want is how many there have to
// be, or 0.
func (t *Tokens) interpret(data []byte, kind string, want int) error {
	size := 2
	switch kind {
	case TokensU16, "":
	case TokensU32:
		size = 4
	default:
		return fmt.Errorf("tokens of type %q (want %s or %s)", kind, TokensU16, TokensU32)
	}
	switch n := len(data) / size; {
	case len(data) == 0:
		return errors.New("the file is empty (want tokens)")
	case len(data)%size != 0:
		return fmt.Errorf("%d bytes are no whole number of tokens of %d bytes: the file is cut off behind byte %d, or its tokens are of another type", len(data), size, n*size)
	case want != 0 && n != want:
		return fmt.Errorf("%d tokens (want %d, as %s says)", n, want, sidecarPath(t.name))
	case size == 2:
		t.narrow = littleEndian(data, binary.LittleEndian.Uint16)
	default:
		t.wide = littleEndian(data, binary.LittleEndian.Uint32)
	}
	return nil
}

// littleEndian returns the numbers in data: the same memory, on machines that
// have them so.
func littleEndian[T uint16 | uint32](data []byte, read func([]byte) T) []T {
	var one T
	size := int(unsafe.Sizeof(one))
	n := len(data) / size
	if native := binary.NativeEndian.Uint16([]byte{1, 0}) == 1; native && uintptr(unsafe.Pointer(&data[0]))%uintptr(size) == 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(&data[0])), n)
	}
	out := make([]T, n)
	for i := range out {
		out[i] = read(data[i*size:])
	}
	return out
}
