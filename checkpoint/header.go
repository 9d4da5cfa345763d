package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/descent-ml/descent/tensor"
)

// maxHeader is the longest header accepted, the limit of the reference
// implementation (safetensors 0.8, MAX_HEADER_SIZE).
const maxHeader = 100_000_000

const metadataKey = "__metadata__"

// fileType is an element type of the format and what it is read as.
type fileType struct {
	size int // bytes in the file
	as   tensor.DType
}

var fileTypes = map[string]fileType{
	"F64": {8, tensor.F64}, "F32": {4, tensor.F32}, "F16": {2, tensor.F32}, "BF16": {2, tensor.F32},
	"I64": {8, tensor.I64}, "I32": {4, tensor.I32}, "U8": {1, tensor.U8},
}

var typeNames = map[tensor.DType]string{
	tensor.F64: "F64", tensor.F32: "F32", tensor.I64: "I64", tensor.I32: "I32", tensor.U8: "U8",
}

// Entry describes one tensor of a file.
type Entry struct {
	Name  string
	DType string // as the file says: F64, F32, F16, BF16, I64, I32 or U8
	Shape tensor.Shape

	begin, end uint64 // bytes, from the start of the data
}

// Header is what a file says about itself.
type Header struct {
	Entries  []Entry // in the order of their data
	Metadata map[string]string
}

// dataSize is the length of the elements that follow the header.
func (h *Header) dataSize() uint64 {
	if len(h.Entries) == 0 {
		return 0
	}
	return h.Entries[len(h.Entries)-1].end
}

// describe lays tensors out: wide elements first, so that each tensor is
// aligned to its element, then by name.
func describe(ts Tensors, meta map[string]string) (*Header, error) {
	h := &Header{Metadata: meta}
	for name, t := range ts {
		switch {
		case t == nil:
			return nil, fmt.Errorf("tensor %q is nil", name)
		case name == metadataKey || !utf8.ValidString(name):
			return nil, fmt.Errorf("%q cannot name a tensor", name)
		}
		h.Entries = append(h.Entries, Entry{Name: name, DType: typeNames[t.DType()], Shape: t.Shape()})
	}
	for k, v := range meta {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, fmt.Errorf("metadata %q is not UTF-8", k)
		}
	}
	slices.SortFunc(h.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(fileTypes[b.DType].size, fileTypes[a.DType].size), cmp.Compare(a.Name, b.Name))
	})
	at := uint64(0)
	for i := range h.Entries {
		e := &h.Entries[i]
		e.begin, at = at, at+uint64(ts[e.Name].Bytes())
		e.end = at
	}
	return h, nil
}

// encode returns the length and the JSON: metadata first, then the tensors, all
// by name, padded with spaces so that the data begins at a multiple of eight.
func (h *Header) encode() ([]byte, error) {
	b := append(make([]byte, 8, 256+128*len(h.Entries)), '{')
	if len(h.Metadata) > 0 {
		b = append(b, `"`+metadataKey+`":{`...)
		for _, k := range slices.Sorted(maps.Keys(h.Metadata)) {
			b = append(appendQuoted(append(appendQuoted(b, k), ':'), h.Metadata[k]), ',')
		}
		b[len(b)-1] = '}'
		b = append(b, ',')
	}
	byName := slices.SortedFunc(slices.Values(h.Entries), func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	for _, e := range byName {
		b = append(appendQuoted(b, e.Name), `:{"dtype":"`+e.DType+`","shape":[`...)
		for i, d := range e.Shape {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = fmt.Appendf(b, `],"data_offsets":[%d,%d]},`, e.begin, e.end)
	}
	b = append(bytes.TrimSuffix(b, []byte(",")), '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if n := len(b) - 8; n > maxHeader {
		return nil, fmt.Errorf("the header has %d bytes (want at most %d)", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
	return b, nil
}

// appendQuoted appends a JSON string without the escapes meant for HTML.
func appendQuoted(b []byte, s string) []byte {
	q, _ := marshal(s) // a string has no unsupported value
	return append(b, q...)
}

// marshal is json.Marshal without the escapes meant for HTML.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// readHeader reads and checks the header of a file of size bytes. It returns
// the header also raw, with its length. It allocates in proportion to what the
// file has, never to what it claims.
func readHeader(r io.Reader, size int64) (h *Header, raw []byte, err error) {
	if size < 8 {
		return nil, nil, fmt.Errorf("%w: %d bytes, no header", ErrTruncated, size)
	}
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, nil, short(err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || n < 2 {
		return nil, nil, fmt.Errorf("%w: not safetensors (header of %d bytes, want 2 to %d)", ErrKind, n, maxHeader)
	}
	if int64(n) > size-8 {
		return nil, nil, fmt.Errorf("%w: %d bytes, want %d for the header alone", ErrTruncated, size, n+8)
	}
	raw = make([]byte, 8+n)
	copy(raw, length[:])
	if _, err := io.ReadFull(r, raw[8:]); err != nil {
		return nil, nil, short(err)
	}
	if raw[8] != '{' {
		return nil, nil, fmt.Errorf("%w: not safetensors (header begins with %q, want '{')", ErrKind, raw[8])
	}
	if h, err = parseHeader(raw[8:]); err != nil {
		return nil, nil, err
	}
	have, want := uint64(size)-8-n, h.dataSize()
	if have < want {
		return nil, nil, fmt.Errorf("%w: %d bytes of data, want %d", ErrTruncated, have, want)
	}
	if have > want {
		return nil, nil, damaged("%d bytes of data, want %d", have, want)
	}
	return h, raw, nil
}

// parseHeader accepts exactly what the format allows. The tensors must tile the
// data from its first byte without gap or overlap.
func parseHeader(b []byte) (*Header, error) {
	if !utf8.Valid(b) || !json.Valid(b) {
		return nil, damaged("the header is not JSON")
	}
	p := &headerParser{json.NewDecoder(bytes.NewReader(b))}
	p.dec.UseNumber()
	h := new(Header)
	err := p.object("the header", func(key string) (err error) {
		if key == metadataKey {
			h.Metadata, err = p.metadata()
			return err
		}
		e, err := p.entry(key)
		h.Entries = append(h.Entries, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(h.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
	})
	at := uint64(0)
	for _, e := range h.Entries {
		if e.begin != at {
			return nil, damaged("tensor %q begins at byte %d, want %d", e.Name, e.begin, at)
		}
		at = e.end
	}
	return h, nil
}

// headerParser walks a header that is valid JSON. encoding/json alone would
// accept a key twice.
type headerParser struct{ dec *json.Decoder }

// delim reads one token that must be d.
func (p *headerParser) delim(what string, d json.Delim) error {
	if t, _ := p.dec.Token(); t != d {
		return damaged("%s: %v (want %v)", what, t, d)
	}
	return nil
}

// object reads an object of unlike keys and calls field at each value.
func (p *headerParser) object(what string, field func(key string) error) error {
	if err := p.delim(what, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.dec.More() {
		t, _ := p.dec.Token()
		key, _ := t.(string)
		if seen[key] {
			return damaged("%s: key %q twice", what, key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	return p.delim(what, '}')
}

func (p *headerParser) str(what string) (string, error) {
	t, _ := p.dec.Token()
	s, ok := t.(string)
	if !ok {
		return "", damaged("%s: %v (want a string)", what, t)
	}
	return s, nil
}

func (p *headerParser) metadata() (map[string]string, error) {
	m := map[string]string{}
	err := p.object(metadataKey, func(key string) (err error) {
		m[key], err = p.str("metadata " + strconv.Quote(key))
		return err
	})
	return m, err
}

// numbers reads an array of integers from 0 to limit.
func (p *headerParser) numbers(what string, limit uint64) (ns []uint64, err error) {
	if err := p.delim(what, '['); err != nil {
		return nil, err
	}
	for p.dec.More() {
		t, _ := p.dec.Token()
		num, _ := t.(json.Number)
		n, err := strconv.ParseUint(string(num), 10, 64)
		if err != nil || n > limit {
			return nil, damaged("%s: %v (want an integer from 0 to %d)", what, t, limit)
		}
		ns = append(ns, n)
	}
	return ns, p.delim(what, ']')
}

func (p *headerParser) entry(name string) (Entry, error) {
	e := Entry{Name: name}
	what := "tensor " + strconv.Quote(name)
	var offsets []uint64
	fields := 0
	err := p.object(what, func(key string) (err error) {
		fields++
		switch key {
		case "dtype":
			e.DType, err = p.str(what)
		case "shape":
			var dims []uint64
			dims, err = p.numbers(what+" shape", math.MaxInt)
			for _, d := range dims {
				e.Shape = append(e.Shape, int(d))
			}
		case "data_offsets":
			offsets, err = p.numbers(what+" data_offsets", math.MaxInt64)
		default:
			err = damaged("%s: unknown key %q", what, key)
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if fields != 3 || len(offsets) != 2 {
		return e, damaged("%s: want dtype, shape and two data_offsets", what)
	}
	e.begin, e.end = offsets[0], offsets[1]
	return e, e.check(what)
}

// check compares the type and shape with the bytes they are given.
func (e *Entry) check(what string) error {
	ft, ok := fileTypes[e.DType]
	if !ok {
		return damaged("%s: dtype %q (want F64, F32, F16, BF16, I64, I32 or U8)", what, e.DType)
	}
	size := uint64(ft.as.Size()) // the memory must be addressable too
	n := size
	for _, d := range e.Shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt {
			return damaged("%s: shape %v overflows", what, e.Shape)
		}
		n = lo
	}
	if want := n / size * uint64(ft.size); e.begin > e.end || e.end-e.begin != want {
		return damaged("%s: data_offsets [%d, %d], want %d bytes for %s %v", what, e.begin, e.end, want, e.DType, e.Shape)
	}
	return nil
}
