package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/descent-ml/descent/tokenizer"
)

// counted returns n tokens 0, 1, 2, ... of a vocabulary.
func counted(t testing.TB, n, vocabulary int) *Tokens {
	t.Helper()
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(i % vocabulary)
	}
	tokens, err := TokensOf(ids, vocabulary, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// TestTrainWindows: every window is a run of the text with the next tokens, and
// an epoch reads each token at most once, and all but less than two windows.
func TestTrainWindows(t *testing.T) {
	for _, cut := range []string{CutPhases, CutRandom, CutFixed} {
		for _, size := range [][2]int{{9, 8}, {16, 8}, {17, 8}, {23, 8}, {24, 8}, {100, 7}, {1000, 64}, {2, 1}, {5, 1}} {
			n, length := size[0], size[1]
			t.Run(fmt.Sprint(cut, n, " by ", length), func(t *testing.T) {
				tokens := counted(t, n, 1<<17) // wide
				w, err := TrainWindows(tokens, length, cut)
				if err != nil {
					t.Fatal(err)
				}
				if w.Len() != max(1, (n-length)/length) {
					t.Errorf("%d windows", w.Len())
				}
				reached := make([]bool, n)
				order, buf := OrderOf(w, 7), NewBuffers(w.Fields(), 3)
				for epoch := range 60 {
					read := make([]int, n)
					for i := range w.Len() {
						if err := w.Gather(buf, 1, []int{order.At(epoch, i)}); err != nil {
							t.Fatal(err)
						}
						x, y := buf[0].I32()[length:2*length], buf[1].I32()[length:2*length]
						for k := range x {
							if x[k] != x[0]+int32(k) || y[k] != x[k]+1 {
								t.Fatalf("x %v, y %v", x, y)
							}
							read[x[k]]++
							reached[y[k]] = true
						}
					}
					if most := slices.Max(read); cut != CutRandom && most > 1 {
						t.Fatalf("a token is read %d times in an epoch", most)
					}
				}
				if got := slices.Index(reached[1:], false) + 1; cut != CutFixed && n < 100 && got > 0 {
					t.Errorf("token %d is never a target", got)
				}
			})
		}
	}
}

func TestWindowOrders(t *testing.T) {
	w, err := TrainWindows(counted(t, 1000, 1000), 8, CutPhases)
	if err != nil {
		t.Fatal(err)
	}
	a, b, again := w.Order(1), w.Order(2), w.Order(1)
	same, phases := 0, map[int]bool{}
	for epoch := range 50 {
		for i := range w.Len() {
			if a.At(epoch, i) != again.At(epoch, i) {
				t.Fatal("the same seed gives another order")
			}
			if a.At(epoch, i) == b.At(epoch, i) {
				same++
			}
		}
		phases[a.At(epoch, 0)/w.Len()] = true
	}
	if same > 50 || len(phases) < 7 {
		t.Errorf("%d places are alike with another seed; %d phases", same, len(phases))
	}
	random, err := TrainWindows(counted(t, 1000, 1000), 8, CutRandom)
	if err != nil {
		t.Fatal(err)
	}
	seen, order := map[int]bool{}, random.Order(1)
	for i := range random.Len() {
		from, _ := random.Start(order.At(0, i))
		if seen[from] || from < 0 || from+8 >= 1000 {
			t.Fatalf("a window begins at %d", from)
		}
		seen[from] = true
	}
}

// TestEvalWindows: each token but the first is a target with weight 1 once, and
// what is padded has weight 0.
func TestEvalWindows(t *testing.T) {
	for n := 2; n < 40; n++ {
		w, err := EvalWindows(counted(t, n, 100), 8)
		if err != nil {
			t.Fatal(err)
		}
		checkTargets(t, w, n)
		if padded := len(w.Fields()) == 3; padded != ((n-1)%8 != 0) {
			t.Errorf("%d tokens: fields %v", n, w.Fields())
		}
	}
}

func checkTargets(t *testing.T, w *Windows, n int) {
	t.Helper()
	buf, all := NewBuffers(w.Fields(), w.Len()), make([]int, w.Len())
	for i := range all {
		all[i] = i
		for k := range buf[0].I32() {
			buf[0].I32()[k], buf[1].I32()[k] = 99, 99 // as a batch before left it
		}
	}
	if err := w.Gather(buf, 0, all); err != nil {
		t.Fatal(err)
	}
	targets := make([]int, n)
	for i, y := range buf[1].I32() {
		x, weight := buf[0].I32()[i], float32(1)
		if len(buf) == 3 {
			weight = buf[2].F32()[i]
		}
		switch {
		case weight == 1 && y == x+1:
			targets[y]++
		case weight != 0 || x != 0 || y != 0:
			t.Fatalf("%d tokens: x %d, y %d, weight %v", n, x, y, weight)
		}
	}
	if targets[0] != 0 || slices.Min(targets[1:]) != 1 || slices.Max(targets) != 1 {
		t.Errorf("%d tokens are targets %v times", n, targets)
	}
}

func TestDocumentWindows(t *testing.T) {
	tok, err := tokenizer.Train(tokenizer.KindChars, slices.Values([]string{"abcdefghij"}), tokenizer.Config{EndOfText: true})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := Tokenize(tok, slices.Values([]string{"abc", "", "abcdefghi", "j"}), true)
	if err != nil {
		t.Fatal(err)
	}
	w, err := DocumentWindows(tokens, 4)
	if err != nil {
		t.Fatal(err)
	}
	buf := NewBuffers(w.Fields(), 1)
	end := tok.EndOfText()
	want := [][2][]int32{
		{{0, 1, 2}, {1, 2, end}}, {{end}, {end}}, {{end, 0, 1, 2}, {0, 1, 2, 3}}, {{3, 4, 5, 6}, {4, 5, 6, 7}}, {{7, 8}, {8, end}}, {{end, 9}, {9, end}},
	}
	if w.Len() != len(want) {
		t.Fatalf("%d windows, want %d", w.Len(), len(want))
	}
	for j, pair := range want {
		if err := w.Gather(buf, 0, []int{j}); err != nil {
			t.Fatal(err)
		}
		n := len(pair[0])
		if !slices.Equal(buf[0].I32()[:n], pair[0]) || !slices.Equal(buf[1].I32()[:n], pair[1]) {
			t.Errorf("window %d: x %v, y %v", j, buf[0].I32(), buf[1].I32())
		}
		for i, weight := range buf[2].F32() {
			if (weight == 1) != (i < n) || i >= n && buf[0].I32()[i]+buf[1].I32()[i] != 0 {
				t.Errorf("window %d: weight %v, x %v, y %v", j, buf[2].F32(), buf[0].I32(), buf[1].I32())
			}
		}
	}
	if unit, n := w.Units(); unit != "char" || n != len("abcabcdefghij")-1+4*len(tokenizer.EndOfTextToken) {
		t.Errorf("%d %ss", n, unit)
	}
	_, err = DocumentWindows(counted(t, 10, 10), 4)
	wantError(t, err, "does not tell documents apart")
	_, err = Tokenize(tokenizer.Bytes(), slices.Values([]string{"a"}), true)
	wantError(t, err, "without a token for the end")
}

func TestWindowsRefuse(t *testing.T) {
	_, err := TrainWindows(counted(t, 8, 8), 8, "")
	wantError(t, err, "8 tokens for windows of 8")
	_, err = TrainWindows(counted(t, 8, 8), 0, "")
	wantError(t, err, "windows of 0")
	_, err = TrainWindows(counted(t, 8, 8), 2, "zigzag")
	wantError(t, err, "zigzag", CutRandom)
	_, err = EvalWindows(counted(t, 1, 8), 2)
	wantError(t, err, "at least 2")
	w, err := TrainWindows(counted(t, 24, 24), 8, "")
	if err != nil {
		t.Fatal(err)
	}
	buf := NewBuffers(w.Fields(), 1)
	wantError(t, w.Gather(buf, 0, []int{16}), "example 16")
	wantError(t, w.Gather(buf, 0, []int{-1}), "example -1")
}

func TestGatherWindowsAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	w, err := EvalWindows(counted(t, 1001, 65), 64)
	if err != nil {
		t.Fatal(err)
	}
	buf, indices := NewBuffers(w.Fields(), 3), []int{1, 7, 15}
	if n := testing.AllocsPerRun(50, func() { _ = w.Gather(buf, 0, indices) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTokenFiles(t *testing.T) {
	dir := t.TempDir()
	tok, err := tokenizer.TrainBPE([]string{"ab ab ab"}, 258)
	if err != nil {
		t.Fatal(err)
	}
	small, err := Tokenize(tok, slices.Values([]string{"ab", "ba ab"}), true)
	if err != nil {
		t.Fatal(err)
	}
	for name, tokens := range map[string]*Tokens{"small.bin": small, "wide.bin": counted(t, 100_000, 70_000)} {
		path := filepath.Join(dir, name)
		if err := WriteTokens(path, tokens); err != nil {
			t.Fatal(err)
		}
		again, err := OpenTokens(path, TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if again.Len() != tokens.Len() || again.Vocabulary() != tokens.Vocabulary() || (again.Tokenizer() == nil) != (tokens.Tokenizer() == nil) {
			t.Errorf("%s: %d tokens of %d", name, again.Len(), again.Vocabulary())
		}
		for i := range tokens.Len() {
			if tokens.At(i) != again.At(i) {
				t.Fatalf("%s: token %d is %d, want %d", name, i, again.At(i), tokens.At(i))
			}
		}
		if err := again.Close(); err != nil || again.Close() != nil {
			t.Error(err)
		}
	}
	part, err := small.Slice(1, 3)
	if err != nil || part.Len() != 2 || part.At(0) != small.At(1) {
		t.Errorf("slice: %v", err)
	}
	_, err = small.Slice(2, 2)
	wantError(t, err, "tokens 2 to 2")
}

func TestTokenFilesRefuse(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain.bin", []byte{1, 0, 2, 0, 0, 1})
	tokens, err := OpenTokens(plain, TokenOptions{})
	if err != nil || tokens.Len() != 3 || tokens.Vocabulary() != 257 || tokens.At(2) != 256 {
		t.Errorf("nanoGPT's form: %v", err)
	}
	_, err = OpenTokens(plain, TokenOptions{Tokenizer: tokenizer.Bytes()})
	wantError(t, err, "plain.bin", "token 2, at byte 4, is 256 (want 0 to 255)")
	_, err = OpenTokens(plain, TokenOptions{Type: TokensU32})
	wantError(t, err, "6 bytes", "cut off behind byte 4")
	_, err = OpenTokens(plain, TokenOptions{Type: "int8"})
	wantError(t, err, `"int8"`, TokensU16)
	_, err = OpenTokens(file("odd.bin", []byte{1, 0, 2}), TokenOptions{})
	wantError(t, err, "odd.bin", "3 bytes", "behind byte 2")
	_, err = OpenTokens(file("empty.bin", nil), TokenOptions{})
	wantError(t, err, "empty.bin", "the file is empty")
	_, err = OpenTokens(filepath.Join(dir, "none.bin"), TokenOptions{})
	wantError(t, err, "none.bin")
	_, err = OpenTokens(dir, TokenOptions{})
	wantError(t, err, dir)
	for about, want := range map[string]string{
		`{`: "description",
		`{"descent_tokens":9,"type":"uint16","vocabulary":300}`:                          "version 9",
		`{"descent_tokens":1,"type":"uint16","vocabulary":0}`:                            "vocabulary of 0",
		`{"descent_tokens":1,"type":"uint16","vocabulary":300,"tokens":4}`:               "3 tokens (want 4",
		`{"descent_tokens":1,"type":"uint16","vocabulary":9}`:                            "token 2, at byte 4, is 256 (want 0 to 8)",
		`{"descent_tokens":1,"type":"uint16","vocabulary":300,"tokenizer":{"kind":"?"}}`: "tokenizer",
	} {
		file("plain.bin.json", []byte(about))
		_, err = OpenTokens(plain, TokenOptions{})
		wantError(t, err, want)
	}
	_, err = TokensOf([]int32{1, 5}, 5, nil)
	wantError(t, err, "token 1 is 5 (want 0 to 4)")
	_, err = TokensOf(nil, 5, nil)
	wantError(t, err, "no tokens")
	chars, err := tokenizer.Chars("abc")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Tokenize(chars, slices.Values([]string{"ab", "cad"}), false)
	wantError(t, err, "text 1", `'d'`, "byte 2")
}

func FuzzTokenFile(f *testing.F) {
	f.Add([]byte{1, 0, 2, 0}, "uint16", `{"descent_tokens":1,"type":"uint16","vocabulary":9}`)
	f.Add([]byte{1, 0, 2, 0}, "uint32", "")
	f.Fuzz(func(t *testing.T, data []byte, kind, about string) {
		path := filepath.Join(t.TempDir(), "f.bin")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if about != "" {
			if err := os.WriteFile(sidecarPath(path), []byte(about), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		tokens, err := OpenTokens(path, TokenOptions{Type: kind})
		if err != nil {
			return
		}
		defer tokens.Close()
		if w, err := EvalWindows(tokens, 3); err == nil {
			buf := NewBuffers(w.Fields(), 1)
			for j := range w.Len() {
				if err := w.Gather(buf, 0, []int{j}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkGatherWindows(b *testing.B) {
	w, err := TrainWindows(counted(b, 1_000_000, 65), 64, CutPhases)
	if err != nil {
		b.Fatal(err)
	}
	order, buf, indices := w.Order(1), NewBuffers(w.Fields(), 12), make([]int, 12)
	b.SetBytes(12 * 64 * 2 * 2)
	epoch := 0
	for b.Loop() {
		order(indices, epoch, 0)
		if err := w.Gather(buf, 0, indices); err != nil {
			b.Fatal(err)
		}
	}
}
