package descent

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"runtime"
	"strings"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/generate"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tokenizer"
	"github.com/descent-ml/descent/train"
)

// LM writes text by a trained language model. It is safe for concurrent use: as
// many calls run at once as there are processors, each on one thread. They share
// the weights; each has a cache of its own.
type LM struct {
	model     *checkpoint.Model
	layer     nn.Layer
	tokenizer tokenizer.Tokenizer
	context   int
	vars      engine.Vars
	slots     chan *writer // nil: not made yet
}

// writer is what one call uses at a time.
type writer struct {
	engine    engine.Engine
	generator *generate.Generator
}

// LoadLM reads the language model of a run directory, or a model file.
func LoadLM(path string) (*LM, error) {
	path, m, err := read(path)
	if err != nil {
		return nil, err
	}
	return newLM(path, m)
}

// LoadLMFS is LoadLM for a model file of fsys, such as an embed.FS.
func LoadLMFS(fsys fs.FS, name string) (*LM, error) {
	m, err := checkpoint.ReadModelFS(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("descent: %w", err)
	}
	return newLM(name, m)
}

func newLM(name string, m *checkpoint.Model) (*LM, error) {
	c, s, err := parse(name, m)
	if err != nil {
		return nil, err
	}
	l := &LM{model: m, slots: make(chan *writer, runtime.GOMAXPROCS(0))}
	if l.layer, err = c.BuildModel(s); err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	if l.tokenizer, l.context, err = s.Language(); err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	return l, nil
}

// open makes the weights and the first writer, so that what is wrong with them
// is known now.
func (l *LM) open() error {
	g, _, err := nn.Decoder(l.layer, 1, l.context)
	if err != nil {
		return err
	}
	eng, err := train.NewEngine(train.Exec{Threads: 1})
	if err != nil {
		return err
	}
	if l.vars, err = train.NewVars(eng, g, l.model.Tensors); err != nil {
		eng.Close()
		return err
	}
	w, err := l.newWriter(eng)
	if err != nil {
		return err
	}
	l.slots <- w
	for range cap(l.slots) - 1 {
		l.slots <- nil
	}
	return nil
}

// newWriter makes a writer of an engine, which is closed if it fails.
func (l *LM) newWriter(eng engine.Engine) (*writer, error) {
	g, err := generate.New(eng, l.vars, l.layer, l.tokenizer, generate.Config{Context: l.context})
	if err != nil {
		eng.Close()
		return nil, err
	}
	return &writer{eng, g}, nil
}

// take waits for a writer.
func (l *LM) take(ctx context.Context) (*writer, error) {
	select {
	case w := <-l.slots:
		if w != nil {
			return w, nil
		}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	eng, err := train.NewEngine(train.Exec{Threads: 1})
	if err == nil {
		var w *writer
		if w, err = l.newWriter(eng); err == nil {
			return w, nil
		}
	}
	l.slots <- nil
	return nil, err
}

// Close gives back the memory of the model. No call may run or follow.
func (l *LM) Close() {
	for range cap(l.slots) {
		if w := <-l.slots; w != nil {
			w.engine.Close()
		}
	}
}

// Generate continues a prompt: the pieces of the text come as the model writes
// them; see generate.Generator. The same weights, prompt and options give the
// same text, whatever else runs. The loop holds one of the model's writers until
// it ends; without a free one it waits, or ends with the cause of ctx.
func (l *LM) Generate(ctx context.Context, prompt string, o generate.Options) iter.Seq2[generate.Piece, error] {
	return func(yield func(generate.Piece, error) bool) {
		w, err := l.take(ctx)
		if err != nil {
			yield(generate.Piece{}, fmt.Errorf("descent: %w", err))
			return
		}
		defer func() { l.slots <- w }()
		w.generator.Generate(ctx, prompt, o)(yield)
	}
}

// Text returns the whole continuation of a prompt.
func (l *LM) Text(ctx context.Context, prompt string, o generate.Options) (string, error) {
	var text strings.Builder
	for p, err := range l.Generate(ctx, prompt, o) {
		if err != nil {
			return text.String(), err
		}
		text.WriteString(p.Text)
	}
	return text.String(), nil
}

// Tokenizer returns what turns text into the model's tokens and back.
func (l *LM) Tokenizer() tokenizer.Tokenizer { return l.tokenizer }

// Context returns how many tokens the model sees at once.
func (l *LM) Context() int { return l.context }

// Metrics returns what the model reached in training, as JSON.
func (l *LM) Metrics() json.RawMessage { return l.model.Metrics }

// Provenance returns what made the model, as JSON: version, data, fingerprint.
func (l *LM) Provenance() json.RawMessage { return l.model.Provenance }
