package interactions

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/cells"
)

// The formats of files.
const (
	FormatCSV     = dataset.FormatCSV     // the separator is found: comma, semicolon, tab, bar or spaces
	FormatTSV     = dataset.FormatTSV     // tabs
	FormatColons  = "colons"              // user::item::rating::time
	FormatLists   = "lists"               // lines of a user and his items, in the order of time
	FormatTests   = "tests"               // lines of (user,item) and items that are none of his: see ReadCandidates
	FormatJSONL   = dataset.FormatJSONL   // an object for each interaction
	FormatParquet = dataset.FormatParquet // columns
)

// source is rows of cells and the line on which each begins: see cells.CSV.
type source interface {
	Next() (record [][]byte, line int, err error)
}

// named is a source that knows the names of its columns, and reads only those
// that are selected.
type named interface {
	source
	Names() []string
	Select(columns []int)
}

// input is an open file.
type input struct {
	name   string // in errors
	source source
	offset func() int64 // bytes that are read
	close  func() error
}

// openInput opens a file of the format that options or its name tell.
func openInput(file string, o Options) (*input, error) {
	if o.Format == "" {
		o.Format = formatOf(file)
	}
	switch {
	case o.Format == FormatParquet:
		return openParquet(file)
	case strings.EqualFold(filepath.Ext(file), ".zip"):
		return openZip(file, o)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("interactions: %w", err)
	}
	in := &input{name: file, close: f.Close, offset: func() int64 {
		at, _ := f.Seek(0, io.SeekCurrent)
		return at
	}}
	if in.source, err = openText(f, file, o); err != nil {
		f.Close()
		return nil, err
	}
	return in, nil
}

// formatOf returns the format that the name of a file tells; empty: none.
func formatOf(file string) string {
	name := strings.ToLower(filepath.Base(file))
	for _, ext := range []string{".gz", ".zst", ".bz2"} {
		name = strings.TrimSuffix(name, ext)
	}
	switch filepath.Ext(name) {
	case ".lists":
		return FormatLists
	case ".negative":
		return FormatTests
	}
	if format := dataset.TableFormat(file); format != FormatCSV {
		return format
	}
	return ""
}

func openParquet(file string) (*input, error) {
	p, err := cells.OpenParquetRows(file)
	if err != nil {
		return nil, fmt.Errorf("interactions: %s: %w", file, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("interactions: %w", err)
	}
	share := float64(info.Size()) / float64(max(p.Rows(), 1))
	return &input{name: file, source: p, close: p.Close, offset: func() int64 { return int64(share * float64(p.Row())) }}, nil
}

// ratingFiles are the files of interactions in the archives of MovieLens.
var ratingFiles = []string{"ratings.csv", "ratings.dat", "u.data"}

// openZip opens the file of interactions in an archive.
func openZip(file string, o Options) (*input, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("interactions: %s: %w", file, err)
	}
	var names []string
	for _, want := range ratingFiles {
		for _, member := range z.File {
			if names = append(names, member.Name); path.Base(member.Name) != want {
				continue
			}
			in, err := openMember(member, file, o)
			if err != nil {
				z.Close()
				return nil, err
			}
			in.close = z.Close
			return in, nil
		}
	}
	z.Close()
	return nil, fmt.Errorf("interactions: %s: none of %s is in it (unpack it, and name the file)", file, strings.Join(ratingFiles, ", "))
}

func openMember(member *zip.File, file string, o Options) (*input, error) {
	in := &input{name: file + ":" + member.Name}
	f, err := member.Open()
	if err != nil {
		return nil, fmt.Errorf("interactions: %s: %w", in.name, err)
	}
	counted := &counter{r: f}
	share := float64(member.CompressedSize64) / float64(max(member.UncompressedSize64, 1))
	in.offset = func() int64 { return int64(share * float64(counted.n)) }
	in.source, err = openText(counted, in.name, o)
	return in, err
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// openText returns the rows of text in r.
func openText(r io.Reader, file string, o Options) (source, error) {
	text, err := dataset.TextOf(r, file, o.Encoding)
	if err != nil {
		return nil, err
	}
	if o.Format == "" || o.Format == FormatCSV {
		o.Format = sniff(text, o.Format)
	}
	switch o.Format {
	case FormatJSONL:
		return newObjects(text)
	case FormatLists:
		return &lists{rows: cells.NewCSV(text, ' ', 0)}, nil
	case FormatTests:
		return &tests{rows: cells.NewCSV(text, '\t', 0)}, nil
	case FormatColons:
		return &colons{rows: cells.NewCSV(text, ':', 0)}, nil
	case FormatTSV:
		rows := cells.NewCSV(text, '\t', 0)
		rows.Lenient = true
		return rows, nil
	case ",", ";", "|", " ":
		return cells.NewCSV(text, o.Format[0], 0), nil
	}
	return nil, fmt.Errorf("interactions: format %q (want %s, %s, %s, %s, %s, %s or %s)", o.Format,
		FormatCSV, FormatTSV, FormatColons, FormatLists, FormatTests, FormatJSONL, FormatParquet)
}

// sniff returns a format, or a separator, that the first lines of a text have.
func sniff(text *bufio.Reader, format string) string {
	head, _ := text.Peek(4 << 10)
	lines := bytes.Split(head, []byte("\n"))
	if len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	everywhere := func(mark string) bool {
		for _, line := range lines {
			if len(bytes.TrimSpace(line)) > 0 && !bytes.Contains(line, []byte(mark)) {
				return false
			}
		}
		return true
	}
	switch {
	case format == "" && len(head) > 0 && (head[0] == '{' || head[0] == '['):
		return FormatJSONL
	case format == "" && everywhere("::"):
		return FormatColons
	case format == "" && len(head) > 0 && head[0] == '(' && everywhere(")\t"):
		return FormatTests
	case everywhere("\t"):
		return FormatTSV
	}
	for _, separator := range []string{",", ";", "|", " "} {
		if everywhere(separator) {
			return separator
		}
	}
	return ","
}
