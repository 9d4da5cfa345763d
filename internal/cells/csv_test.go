package cells

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func readAll(s *CSV) (out string, err error) {
	for {
		record, line, err := s.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out += fmt.Sprintf("%d:%q ", line, record)
	}
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		text    string
		sep     byte
		lenient bool
		comma   bool
		want    string
	}{
		{"a,b\n1,2", ',', false, false, `1:["a" "b"] 2:["1" "2"] `},
		{"a,b\r\n\r\n1,2\r\n", ',', false, false, `1:["a" "b"] 3:["1" "2"] `},
		{" a , \"b \"\"x\"\"\" ,c", ',', false, false, `1:["a" "b \"x\"" "c"] `},
		{"\"1\n2\",3\n4,5", ',', false, false, `1:["1\n2" "3"] 3:["4" "5"] `},
		{"5\" pipe,\"\",", ',', false, false, `1:["5\" pipe" "" ""] `},
		{"a\t\"open\tb\n\tc\t", '\t', true, false, `1:["a" "\"open" "b"] 2:["" "c" ""] `},
		{"a\t\"shut\"\tb", '\t', true, false, `1:["a" "shut" "b"] `},
		{"a\t\"shut\" x\tb", '\t', true, false, `1:["a" "\"shut\" x" "b"] `},
		{"  1   2 3 \n", ' ', false, false, `1:["1" "2" "3"] `},
		{"1 \"b c\" 3\n", ' ', false, false, `1:["1" "b c" "3"] `},
		{"1,5;-1.234,5;a,b;1.000;2", ';', false, true, `1:["1.5" "-1234.5" "a,b" "1000" "2"] `},
		{"", ',', false, false, ""},
	} {
		s := NewCSV(strings.NewReader(c.text), c.sep, 0)
		s.Lenient, s.Comma = c.lenient, c.comma
		if got, err := readAll(s); err != nil || got != c.want {
			t.Errorf("%q: got %s, %v; want %s", c.text, got, err, c.want)
		}
	}
}

func TestCSVRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a\n\"b":           "a quote is not closed in the row that begins on line 2",
		"a\n1,\"q\" x":     `2: column 7 of the line: "x" behind the closing quote`,
		"a\nb\xe9":         "2: column 2 of the line: byte 0xe9 is not UTF-8",
		"a\n\"b\n\xff\n\"": "3: column 1 of the line: byte 0xff",
	} {
		_, err := readAll(NewCSV(strings.NewReader(text), ',', 0))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	long := io.LimitReader(endless('x'), 2*MaxRow)
	if _, err := readAll(NewCSV(long, ',', 0)); err == nil || !strings.Contains(err.Error(), "1: the line has more than 64 MiB") {
		t.Errorf("a long line: %v", err)
	}
	long = io.MultiReader(strings.NewReader("a\n\""), io.LimitReader(endless('\n'), 2*MaxRow))
	if _, err := readAll(NewCSV(long, ',', 0)); err == nil || !strings.Contains(err.Error(), "is its quote closed?") {
		t.Errorf("a long row: %v", err)
	}
}

type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}
