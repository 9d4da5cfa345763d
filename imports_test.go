package descent_test

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/descent-ml/descent"

// allowed lists, for each package, the packages of this module that it may
// import, and what it may import from outside the standard library. Tests may
// import more. The arrows point one way: see docs/architecture.md.
var allowed = map[string][]string{
	"":                     {"checkpoint", "dataset", "engine", "generate", "nn", "recommend", "tensor", "tokenizer", "train", "dataset/images", "dataset/interactions", "internal/cells", "internal/config"},
	"tensor":               {},
	"graph":                {"tensor"},
	"internal/places":      {},
	"collective":           {"internal/places"},
	"engine":               {"collective", "graph", "tensor"},
	"internal/cpu":         {"golang.org/x/sys/cpu"},
	"internal/rng":         {},
	"internal/portmath":    {},
	"internal/kernel":      {"internal/cpu", "internal/rng", "golang.org/x/sys/cpu"},
	"internal/compile":     {"graph", "tensor", "internal/places"},
	"engine/cpu":           {"collective", "engine", "graph", "tensor", "internal/compile", "internal/cpu", "internal/kernel", "internal/places", "internal/portmath", "internal/rng", "golang.org/x/sys/unix"},
	"internal/oracle":      {"collective", "engine", "graph", "tensor", "internal/rng"},
	"internal/numtest":     {"collective", "engine", "engine/cpu", "graph", "tensor", "internal/cpu", "internal/oracle", "internal/rng"},
	"nn":                   {"graph", "tensor", "internal/rng", "internal/portmath"},
	"generate":             {"engine", "graph", "nn", "tensor", "tokenizer", "internal/kernel", "internal/rng"},
	"recommend":            {"checkpoint", "dataset", "dataset/interactions", "engine", "graph", "metric", "nn", "tensor", "train", "internal/kernel"},
	"optim":                {"graph", "tensor", "internal/portmath"},
	"internal/cells":       {"github.com/parquet-go/parquet-go", "github.com/parquet-go/parquet-go/format"},
	"tokenizer":            {},
	"internal/mapped":      {"golang.org/x/sys/unix"},
	"dataset":              {"tensor", "tokenizer", "internal/cells", "internal/mapped", "internal/portmath", "internal/rng", "github.com/klauspost/compress/gzip", "github.com/klauspost/compress/zstd", "golang.org/x/text/encoding/charmap", "golang.org/x/text/encoding/unicode", "golang.org/x/text/transform"},
	"dataset/interactions": {"checkpoint", "dataset", "tensor", "internal/cells", "internal/mapped", "internal/portmath", "internal/rng"},
	"dataset/images":       {"checkpoint", "dataset", "tensor", "internal/mapped", "internal/portmath", "internal/rng", "golang.org/x/image"},
	"dataset/digits":       {"dataset", "tensor"},
	"checkpoint":           {"tensor", "golang.org/x/sys/unix", "golang.org/x/sys/windows"},
	"metric":               {"internal/rng", "internal/portmath"},
	"batch":                {"internal/portmath"},
	"report":               {"batch", "golang.org/x/term"},
	"report/page":          {},
	"report/tensorboard":   {"report", "google.golang.org/protobuf/encoding/protowire"},
	"train":                {"collective", "nn", "optim", "batch", "dataset", "checkpoint", "report", "report/tensorboard", "engine", "engine/cpu", "graph", "tensor", "internal/rng", "github.com/KimMachineGun/automemlimit"},
	"sweep":                {"batch", "checkpoint", "dataset", "report", "report/page", "train", "internal/portmath"},
	"adviser":              {"batch", "dataset", "engine", "optim", "report", "train", "internal/portmath"},
	"internal/config":      {"nn", "tokenizer", "optim", "batch", "dataset", "dataset/digits", "dataset/images", "dataset/interactions", "train", "engine", "checkpoint", "graph", "tensor", "github.com/goccy/go-yaml"},
	"internal/assess":      {"batch", "checkpoint", "dataset", "engine", "graph", "dataset/interactions", "internal/config", "internal/rng", "metric", "nn", "optim", "recommend", "report", "tensor", "train"},
	"internal/examples":    {"internal/config"},
	"internal/thesis":      {"batch", "dataset", "dataset/digits", "engine", "engine/cpu", "graph", "nn", "optim", "tensor"},
	"cmd/descent":          nil, // the end of every arrow: anything
	"bench":                nil,
	"bench/peak":           {"internal/cpu", "internal/kernel"},
	"bench/peer":           {},
	"bench/plot":           {},
	"bench/gpt":            nil,
	"bench/convnet":        nil,
	"bench/cifar":          {},
	"bench/step":           {"batch", "bench/peer", "engine", "engine/cpu", "graph", "nn", "optim", "tensor", "internal/rng"},
	"bench/execution":      nil,
	"bench/recommend":      nil,
	"bench/recurrent":      nil,
	"bench/conv":           nil,
	"bench/quality":        {},
	"bench/generate":       nil,
	"bench/topn":           nil,
	"bench/tables":         {},
	"bench/clicks":         {},
	"bench/stream":         nil,
	"bench/rows":           nil,
	"bench/batchsize":      nil,
	"bench/noise":          nil,
	"bench/interactions":   {"bench/clicks"},
}

func TestImportsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != "." && (strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || name == "testdata" || nested(path)) {
			return filepath.SkipDir
		}
		p, err := build.ImportDir(path, 0)
		if _, none := err.(*build.NoGoError); none {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.ToSlash(path)
		if name == "." {
			name = ""
		}
		seen[name] = true
		may, known := allowed[name]
		if !known {
			t.Errorf("package %q is not in the map of imports: add it, and its arrow in docs/architecture.md", name)
		}
		for _, imported := range p.Imports {
			inner, own := strings.CutPrefix(imported, module)
			inner = strings.TrimPrefix(inner, "/")
			if !own && !strings.Contains(strings.Split(imported, "/")[0], ".") || known && may == nil {
				continue
			}
			if !own {
				inner = imported
			}
			if !slices.ContainsFunc(may, func(a string) bool { return a == inner || !own && strings.HasPrefix(inner, a+"/") }) {
				t.Errorf("%q imports %q, which the map of imports does not allow", name, inner)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range allowed {
		if !seen[name] && name != "" {
			t.Logf("no package %q yet", name)
		}
	}
}

// nested reports whether a folder is a module of its own.
func nested(path string) bool {
	matches, _ := filepath.Glob(filepath.Join(path, "go.mod"))
	return path != "." && len(matches) > 0
}
