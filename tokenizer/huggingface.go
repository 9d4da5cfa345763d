package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// hfFile is a tokenizer.json, as far as byte-level BPE has it. What would
// change tokens and is not supported is refused by name; truncation, padding
// and the post-processor, which adds tokens around a text, are not applied.
type hfFile struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	Added         []hfAdded       `json:"added_tokens"`
	Normalizer    *hfStep         `json:"normalizer"`
	PreTokenizer  *hfStep         `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       *hfStep         `json:"decoder"`
	Model         hfModel         `json:"model"`
}

type hfAdded struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// hfStep is a pre-tokenizer or a decoder.
type hfStep struct {
	Type           string     `json:"type"`
	AddPrefixSpace *bool      `json:"add_prefix_space,omitempty"` // of ByteLevel; default true
	TrimOffsets    bool       `json:"trim_offsets"`
	UseRegex       *bool      `json:"use_regex,omitempty"` // of ByteLevel; default true
	Pattern        *hfPattern `json:"pattern,omitempty"`   // of Split
	Behavior       string     `json:"behavior,omitempty"`
	Invert         bool       `json:"invert,omitempty"`
	Pretokenizers  []hfStep   `json:"pretokenizers,omitempty"` // of Sequence
}

type hfPattern struct{ Regex, String string }

type hfModel struct {
	Type         string           `json:"type"`
	Dropout      *float64         `json:"dropout"`
	Unknown      *string          `json:"unk_token"`
	Prefix       *string          `json:"continuing_subword_prefix"`
	Suffix       *string          `json:"end_of_word_suffix"`
	FuseUnknown  bool             `json:"fuse_unk"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
	Vocabulary   map[string]int32 `json:"vocab"`
	Merges       []hfMerge        `json:"merges"`
}

// hfMerge is two tokens: "a b", or ["a", "b"] in newer files.
type hfMerge [2]string

func (m *hfMerge) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[2]string)(m))
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	var ok bool
	if m[0], m[1], ok = strings.Cut(text, " "); !ok {
		return fmt.Errorf("merge %q (want two tokens)", text)
	}
	return nil
}

func (m hfMerge) MarshalJSON() ([]byte, error) { return json.Marshal(m[0] + " " + m[1]) }

func parseHuggingFace(data []byte) (Tokenizer, error) {
	var f hfFile
	var kind struct{ Model struct{ Type string } }
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: %w", err)
	}
	if kind.Model.Type != "BPE" && kind.Model.Type != "" {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: model %q (want BPE, on bytes, as GPT-2 has it)", kind.Model.Type)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: %w", err)
	}
	t, err := f.tokenizer()
	if err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: %w", err)
	}
	return t, nil
}

func (f *hfFile) tokenizer() (*bpe, error) {
	if f.Normalizer != nil {
		return nil, fmt.Errorf("normalizer %s (want none)", f.Normalizer.Type)
	}
	if err := f.Model.check(); err != nil {
		return nil, err
	}
	b := &bpe{}
	if err := f.PreTokenizer.apply(b); err != nil {
		return nil, err
	}
	for _, a := range f.Added {
		if a.LStrip || a.RStrip || a.SingleWord {
			return nil, fmt.Errorf("added token %q takes space off the text around it (lstrip, rstrip or single_word; want none of them)", a.Content)
		}
		if a.Content == "" {
			return nil, fmt.Errorf("added token %d is empty", a.ID)
		}
		b.special = append(b.special, special{a.Content, a.ID})
	}
	if err := b.fill(f.Model.Vocabulary, f.Model.Merges); err != nil {
		return nil, err
	}
	if f.Model.IgnoreMerges {
		b.whole = b.ids()
	}
	return b, nil
}

func (m *hfModel) check() error {
	set := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("dropout %v of merges (want none)", *m.Dropout)
	case set(m.Prefix), set(m.Suffix):
		return errors.New("a prefix or suffix of subwords (want none: byte-level BPE)")
	case m.ByteFallback:
		return errors.New("byte_fallback: a BPE of characters (want one of bytes)")
	}
	return nil
}

// apply makes b cut text as a pre-tokenizer does.
func (s *hfStep) apply(b *bpe) error {
	if s == nil {
		return errors.New("no pre_tokenizer (want ByteLevel)")
	}
	steps := []hfStep{*s}
	if s.Type == "Sequence" {
		steps = s.Pretokenizers
	}
	if len(steps) == 0 {
		return errors.New("pre_tokenizer: an empty sequence (want ByteLevel)")
	}
	level := &steps[len(steps)-1]
	switch {
	case level.Type != "ByteLevel":
		return fmt.Errorf("pre_tokenizer %s (want ByteLevel, or a Split and ByteLevel)", s.Type)
	case len(steps) == 1 && isTrue(level.UseRegex):
		b.pattern = gpt2Pattern
	case len(steps) == 2 && steps[0].Type == "Split" && steps[0].Pattern != nil && steps[0].Behavior == "Isolated" && !steps[0].Invert && !isTrue(level.UseRegex):
		b.pattern = steps[0].Pattern.Regex
	default:
		return errors.New("pre_tokenizer: a sequence of other steps than one Split and ByteLevel without its own expression")
	}
	b.prefix = isTrue(level.AddPrefixSpace)
	if b.split = splitters[b.pattern]; b.split == nil {
		return fmt.Errorf("pre_tokenizer: text is cut by %q (want the expression of GPT-2 or of cl100k)", b.pattern)
	}
	return nil
}

// isTrue is the value of an option whose default is true.
func isTrue(b *bool) bool { return b == nil || *b }

// mostTokens bounds the ids of a vocabulary.
const mostTokens = 1 << 22

// fill takes a vocabulary in GPT-2's spelling, beside which b.special is, and
// merges.
func (b *bpe) fill(vocabulary map[string]int32, merges []hfMerge) error {
	last, isSpecial := int32(-1), map[int32]bool{}
	for _, s := range b.special {
		last, isSpecial[s.id] = max(last, s.id), true
	}
	for _, id := range vocabulary {
		last = max(last, id)
	}
	if last < 0 || last >= mostTokens {
		return fmt.Errorf("%d tokens, the last with id %d (want ids from 0, below %d)", len(vocabulary), last, mostTokens)
	}
	b.tokens = make([]string, last+1)
	for spelled, id := range vocabulary {
		token, ok := hidden(spelled)
		switch {
		case id < 0:
			return fmt.Errorf("token %q has id %d", spelled, id)
		case isSpecial[id]:
		case !ok || token == "":
			return fmt.Errorf("token %q is not in the alphabet of byte-level BPE", spelled)
		case b.tokens[id] != "":
			return fmt.Errorf("tokens %q and %q have the same id %d", visible(b.tokens[id]), spelled, id)
		default:
			b.tokens[id] = token
		}
	}
	for _, s := range b.special {
		if s.id < 0 {
			return fmt.Errorf("added token %q has id %d", s.text, s.id)
		}
		b.tokens[s.id] = s.text
	}
	return b.fillMerges(vocabulary, merges)
}

func (b *bpe) fillMerges(vocabulary map[string]int32, merges []hfMerge) error {
	for c, r := range byteRunes {
		id, ok := vocabulary[string(r)]
		if !ok {
			return fmt.Errorf("there is no token for the byte 0x%02x, spelled %q (want all 256)", c, r)
		}
		b.base[c] = id
	}
	for i, m := range merges {
		left, okLeft := vocabulary[m[0]]
		right, okRight := vocabulary[m[1]]
		if !okLeft || !okRight {
			return fmt.Errorf("merge %d: %q and %q are not both tokens", i, m[0], m[1])
		}
		b.order = append(b.order, pair{left, right})
	}
	return b.complete()
}

// marshal writes a tokenizer.json that Hugging Face's library reads.
func (b *bpe) marshal() ([]byte, error) {
	no, yes := false, true
	level := hfStep{Type: "ByteLevel", AddPrefixSpace: &b.prefix, TrimOffsets: true, UseRegex: &yes}
	f := hfFile{Version: "1.0", Decoder: &hfStep{Type: "ByteLevel", AddPrefixSpace: &yes, TrimOffsets: true, UseRegex: &yes}}
	f.PreTokenizer = &level
	if b.pattern != gpt2Pattern {
		level.UseRegex = &no
		f.PreTokenizer = &hfStep{Type: "Sequence", Pretokenizers: []hfStep{{Type: "Split", Pattern: &hfPattern{Regex: b.pattern}, Behavior: "Isolated"}, level}}
	}
	for _, s := range b.special {
		f.Added = append(f.Added, hfAdded{ID: s.id, Content: s.text, Special: true})
	}
	f.Model = hfModel{Type: "BPE", IgnoreMerges: b.whole != nil, Vocabulary: make(map[string]int32, len(b.tokens))}
	for token, id := range b.ids() {
		f.Model.Vocabulary[visible(token)] = id
	}
	for _, p := range b.order {
		f.Model.Merges = append(f.Model.Merges, hfMerge{visible(b.tokens[p.left]), visible(b.tokens[p.right])})
	}
	return json.Marshal(f)
}

// parseGPT2 reads the two files of GPT-2's tokenizer.
func parseGPT2(vocabulary, merges []byte) (Tokenizer, error) {
	f := hfFile{Model: hfModel{Type: "BPE"}}
	no := false
	f.PreTokenizer = &hfStep{Type: "ByteLevel", AddPrefixSpace: &no}
	if err := json.Unmarshal(vocabulary, &f.Model.Vocabulary); err != nil {
		return nil, fmt.Errorf("tokenizer: vocab.json: %w", err)
	}
	for i, line := range strings.Split(string(merges), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("tokenizer: merges.txt:%d: %q (want two tokens)", i+1, line)
		}
		f.Model.Merges = append(f.Model.Merges, hfMerge{left, right})
	}
	if id, ok := f.Model.Vocabulary[EndOfTextToken]; ok {
		f.Added = []hfAdded{{ID: id, Content: EndOfTextToken, Special: true}}
	}
	b, err := f.tokenizer()
	if err != nil {
		return nil, fmt.Errorf("tokenizer: vocab.json and merges.txt: %w", err)
	}
	return b, nil
}
