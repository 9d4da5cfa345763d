package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/descent-ml/descent/internal/cells"
)

// ReadTable reads a table from a file, or from several with the same columns:
// a path with *, ? or [..] is a pattern of files, which are read in the order
// of their names, and paths may be joined by commas. The format is CSV, TSV,
// JSON lines, Parquet, libsvm or lines of a label and a text, plain or compressed
// by gzip, Zstandard or bzip2.
// Rows of another length than the first are errors unless the options say
// otherwise, and so is a table without rows. Errors name the file and the line.
func ReadTable(path string, o TableOptions) (*Table, error) {
	files, err := TableFiles(path)
	if err != nil {
		return nil, err
	}
	t, err := readTableFile(files[0], o)
	if err != nil {
		return nil, err
	}
	if len(files) > 1 {
		t.file, t.files = path, []filePart{{0, files[0]}}
	}
	for _, file := range files[1:] {
		more, err := readTableFile(file, o)
		if err != nil {
			return nil, err
		}
		t.files = append(t.files, filePart{t.Len(), file})
		if odd := t.store.Concat(more.store); odd != "" {
			return nil, fmt.Errorf("dataset: %s and %s differ: only one has the column %q", files[0], file, odd)
		}
		t.ragged += more.ragged
	}
	return t, nil
}

// pieceRows is how many rows ReadPieces hands on at once.
const pieceRows = 16 << 10

// ReadPieces is ReadTable in pieces of some thousand rows, which f is called
// with in order: so much is in memory of separated text, and of the other
// formats a file at a time.
func ReadPieces(path string, o TableOptions, f func(*Table) error) error {
	files, err := TableFiles(path)
	if err != nil {
		return err
	}
	for _, file := range files {
		t := newFileTable(file, o)
		t.piece = f
		if err := t.readFile(file); err != nil {
			return err
		}
		if t.Len() > 0 {
			if err := f(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// TableFiles returns the files that a path names: see ReadTable.
func TableFiles(path string) ([]string, error) {
	if _, err := os.Stat(path); err == nil {
		return []string{path}, nil
	}
	var files []string
	for _, part := range strings.Split(path, ",") {
		found, err := filepath.Glob(part)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", part, err)
		}
		if _, err := os.Stat(part); err == nil {
			found = []string{part} // as it is, though it may have brackets
		} else if len(found) == 0 {
			return nil, fmt.Errorf("dataset: %w", err)
		}
		slices.Sort(found)
		files = append(files, found...)
	}
	return files, nil
}

// IsTablePath reports whether a path names at least one file that is there.
func IsTablePath(path string) bool {
	files, err := TableFiles(path)
	return err == nil && len(files) > 0
}

func readTableFile(path string, o TableOptions) (*Table, error) {
	t := newFileTable(path, o)
	return t, t.readFile(path)
}

// newFileTable is newTable with the format that the name of the file tells, if
// the options name none.
func newFileTable(path string, o TableOptions) *Table {
	if o.Format == "" {
		o.Format = TableFormat(path)
	}
	return newTable(path, o)
}

// readFile reads a file of the format that the options name.
func (t *Table) readFile(path string) error {
	if t.options.Format == FormatParquet {
		return t.readColumns(func() error { return cells.ReadParquet(path, t.store) })
	}
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	switch t.options.Format {
	case FormatJSONL:
		return t.readColumns(func() error { return cells.ReadJSONL(f, t.store) })
	case FormatLibSVM:
		return t.readColumns(func() error { return cells.ReadLibSVM(f, t.store) })
	}
	return t.parse(f)
}

// TableFormat returns the format that the name of a file tells; FormatCSV if it
// tells none.
func TableFormat(path string) string {
	switch filepath.Ext(plainName(path)) {
	case ".tsv", ".tab":
		return FormatTSV
	case ".jsonl", ".ndjson", ".json":
		return FormatJSONL
	case ".parquet", ".pq":
		return FormatParquet
	case ".libsvm", ".svm", ".svmlight":
		return FormatLibSVM
	}
	return FormatCSV
}

// plainName is the name of a file without what its compression adds.
func plainName(path string) string {
	path = strings.ToLower(path)
	for _, ext := range []string{".gz", ".zst", ".zstd", ".bz2"} {
		path = strings.TrimSuffix(path, ext)
	}
	return path
}

// readColumns completes a table that read fills by named columns.
func (t *Table) readColumns(read func() error) error {
	if err := read(); err != nil {
		return t.textError(err)
	}
	t.columns = t.store.Columns()
	if len(t.columns) == 0 || t.Len() == 0 {
		return fmt.Errorf("dataset: %s: no rows", t.file)
	}
	for _, c := range t.columns {
		t.names = append(t.names, c.Name())
	}
	if t.options.Names != nil {
		t.names = t.options.Names
	}
	if err := t.checkNames(len(t.columns)); err != nil {
		return err
	}
	t.targets = guessTarget(t.names, true)
	return t.complete()
}

// ReadText returns the text of a file in UTF-8, as tables are read: without a
// byte order mark, from encoding, EncodingUTF8 (default; UTF-16 is known by its
// mark) or EncodingLatin1, and unpacked.
func ReadText(path, encoding string) (string, error) {
	f, err := openFile(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	r, err := decodeText(path, f, encoding)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		return "", fmt.Errorf("dataset: %s: %w", path, err)
	}
	return b.String(), nil
}

// TextOf returns the text that is in a file, whose bytes r reads: unpacked from
// gzip, Zstandard or bzip2, in UTF-8 and without a byte order mark, from an
// encoding as ReadText knows them. file is its name in errors.
func TextOf(r io.Reader, file, encoding string) (*bufio.Reader, error) {
	b, err := plain(r)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", file, err)
	}
	return decodeText(file, b, encoding)
}

// decodeText returns the text of r, the content of a file, in UTF-8 without a
// byte order mark.
func decodeText(file string, r io.Reader, encoding string) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, sniffBytes)
	head, err := b.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("dataset: %s: %w", file, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		b.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
		return bufio.NewReaderSize(transform.NewReader(b, utf16.NewDecoder()), sniffBytes), nil
	}
	switch encoding {
	case "", EncodingUTF8:
		return b, nil
	case EncodingLatin1:
		return bufio.NewReaderSize(transform.NewReader(b, charmap.Windows1252.NewDecoder()), sniffBytes), nil
	}
	return nil, fmt.Errorf("dataset: encoding %q (want %q or %q)", encoding, EncodingUTF8, EncodingLatin1)
}
