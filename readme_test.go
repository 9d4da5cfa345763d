package descent_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: the example in the README is the one that is tested.
func TestReadme(t *testing.T) {
	readme, source := read(t, "README.md"), read(t, "train/readme_test.go")
	_, rest, ok := strings.Cut(readme, "```go\n")
	code, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the README has no Go example")
	}
	_, body, _ := strings.Cut(source, "func Example() {\n")
	body, _, _ = strings.Cut(body, "\t// Output:")
	want := strings.ReplaceAll("\n"+strings.TrimSuffix(body, "\n"), "\n\t", "\n")
	if got := "\n" + strings.TrimSuffix(code, "\n"); got != want {
		t.Errorf("the README has\n%s\nthe tested example is\n%s", got, want)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
