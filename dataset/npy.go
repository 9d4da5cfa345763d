package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// maxNPYHeader bounds the text that describes an array.
const maxNPYHeader = 64 << 10

// ReadNPY reads a NumPy .npy file, version 1 to 3, plain or gzip, in C order.
// Elements are f4, f8, i4, i8 of either byte order, u1 or bool (as u8).
//
// FILE.npz/NAME.npy is an array of an archive, as numpy.savez writes it.
func ReadNPY(path string) (*tensor.Tensor, error) {
	if archive, member, ok := splitNPZ(path); ok {
		return readNPZ(archive, member)
	}
	return readArray(path, ParseNPY)
}

// ParseNPY is ReadNPY for a stream of plain bytes. A header that promises more
// than there is costs no memory.
func ParseNPY(r io.Reader) (*tensor.Tensor, error) {
	text, err := npyHeader(r)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	descr, shape, err := parseNPYHeader(text)
	if err != nil {
		return nil, fmt.Errorf("npy: header %.200q: %w", text, err)
	}
	e, ok := npyTypes[descr[1:]]
	if !ok {
		return nil, fmt.Errorf("npy: element type %q (want f4, f8, i4, i8, u1 or b1)", descr)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	return readElements(r, "npy", shape, e, order)
}

var npyTypes = map[string]element{
	"f4": {4, decodeF32}, "f8": {8, decodeF64}, "i4": {4, decodeI32}, "i8": {8, decodeI64}, "u1": {1, bytesAsU8}, "b1": {1, bytesAsU8},
}

// npyHeader returns the text between the magic and the elements.
func npyHeader(r io.Reader) (string, error) {
	var magic [8]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || !bytes.HasPrefix(magic[:], []byte("\x93NUMPY")) {
		return "", fmt.Errorf("begins with %q (want \"\\x93NUMPY\")", magic[:6])
	}
	var n int
	switch magic[6] {
	case 1:
		var short uint16
		if err := binary.Read(r, binary.LittleEndian, &short); err != nil {
			return "", err
		}
		n = int(short)
	case 2, 3:
		var long uint32
		if err := binary.Read(r, binary.LittleEndian, &long); err != nil {
			return "", err
		}
		n = int(long)
	default:
		return "", fmt.Errorf("version %d.%d (want 1.0 to 3.0)", magic[6], magic[7])
	}
	if n > maxNPYHeader {
		return "", fmt.Errorf("header of %d bytes (want at most %d)", n, maxNPYHeader)
	}
	text, err := readExactly(r, n)
	return string(text), err
}

// The header is a Python literal of three entries, which NumPy writes sorted;
// others may not.
var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*'([<>|=][a-zA-Z][0-9]+)'`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([0-9, L]*)\)`)
)

func parseNPYHeader(text string) (descr string, shape tensor.Shape, err error) {
	d, f, s := npyDescr.FindStringSubmatch(text), npyFortran.FindStringSubmatch(text), npyShape.FindStringSubmatch(text)
	switch {
	case d == nil:
		return "", nil, fmt.Errorf("no simple 'descr', such as '<f4'")
	case f == nil || s == nil:
		return "", nil, fmt.Errorf("no 'fortran_order' or no 'shape'")
	case f[1] == "True":
		return "", nil, fmt.Errorf("the array is in Fortran order (want C order): save numpy.ascontiguousarray(a)")
	}
	for _, axis := range strings.Split(s[1], ",") {
		if axis = strings.TrimSuffix(strings.TrimSpace(axis), "L"); axis == "" {
			continue
		}
		n, err := strconv.Atoi(axis)
		if err != nil {
			return "", nil, fmt.Errorf("axis %q: %w", axis, err)
		}
		shape = append(shape, n)
	}
	if len(shape) > maxRank {
		return "", nil, fmt.Errorf("%d axes (want at most %d)", len(shape), maxRank)
	}
	return d[1], shape, nil
}

// LoadNPY reads the features and the target of all examples, each an array
// whose first axis counts them. The fields are x, f32, and y: i32 for integers
// and bool, which are classes, and f32 for floats.
func LoadNPY(features, target string) (*Memory, error) {
	x, err := ReadNPY(features)
	if err != nil {
		return nil, err
	}
	y, err := ReadNPY(target)
	if err != nil {
		return nil, err
	}
	yType := tensor.I32
	if d := y.DType(); d == tensor.F32 || d == tensor.F64 {
		yType = tensor.F32
	}
	m, err := New(Column{Name: FieldX, Data: x, DType: tensor.F32}, Column{Name: FieldY, Data: y, DType: yType})
	if err != nil {
		return nil, fmt.Errorf("%w (x is %s, y is %s)", err, features, target)
	}
	return m, nil
}
