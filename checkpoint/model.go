package checkpoint

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"strings"
)

const (
	modelKind    = "descent model"
	modelVersion = "1"
)

// Model is the one file to deploy: parameters (and later running statistics),
// in the layout of files, and what is needed to use them. Each section is any
// JSON value, nil if absent, and is one metadata value of the file.
type Model struct {
	Tensors    Tensors
	Kept       Tensors         // what is no parameter: who is which number, what was seen; nil if there is none
	Config     json.RawMessage // the resolved config
	Schema     json.RawMessage // columns, encoders, classes: how raw input becomes tensors
	Metrics    json.RawMessage // what it reached
	Provenance json.RawMessage // what made it: version, data, fingerprint
}

// keptPrefix is before the names of what is kept in a file, which no parameter
// has.
const keptPrefix = "kept:"

// sections returns the JSON sections by their key in the metadata.
func (m *Model) sections() map[string]*json.RawMessage {
	return map[string]*json.RawMessage{
		"config": &m.Config, "schema": &m.Schema, "metrics": &m.Metrics, "provenance": &m.Provenance,
	}
}

// WriteModel writes a model file to path, atomically and durably as Write does.
func WriteModel(path string, m *Model) error {
	meta := map[string]string{}
	for key, raw := range m.sections() {
		if *raw == nil {
			continue
		}
		if !json.Valid(*raw) {
			return fmt.Errorf("checkpoint: write %s: the model's %s is not JSON", path, key)
		}
		meta[key] = string(*raw)
	}
	return writeSealed(path, modelKind, modelVersion, m.all(), meta)
}

// all returns the tensors of the file.
func (m *Model) all() Tensors {
	if len(m.Kept) == 0 {
		return m.Tensors
	}
	all := maps.Clone(m.Tensors)
	for name, t := range m.Kept {
		all[keptPrefix+name] = t
	}
	return all
}

// part takes what is kept from the tensors of a file.
func (m *Model) part() {
	for name, t := range m.Tensors {
		if kept, ok := strings.CutPrefix(name, keptPrefix); ok {
			if m.Kept == nil {
				m.Kept = Tensors{}
			}
			m.Kept[kept] = t
			delete(m.Tensors, name)
		}
	}
}

// ReadModel reads a model file and verifies every bit of it. Errors are as for Read.
func ReadModel(path string) (m *Model, err error) {
	err = open(path, func(r io.Reader, size int64) (err error) {
		m, err = readModel(r, size)
		return err
	})
	return m, err
}

// ReadModelFS is ReadModel for a file of fsys, such as an embed.FS.
func ReadModelFS(fsys fs.FS, name string) (m *Model, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	err = readFrom(f, name, func(r io.Reader, size int64) (err error) {
		m, err = readModel(r, size)
		return err
	})
	return m, err
}

func readModel(r io.Reader, size int64) (*Model, error) {
	ts, meta, err := readSealed(r, size, modelKind, modelVersion)
	if err != nil {
		return nil, err
	}
	m := &Model{Tensors: ts}
	m.part()
	for key, raw := range m.sections() {
		s, ok := meta[key]
		if !ok {
			continue
		}
		if !json.Valid([]byte(s)) {
			return nil, damaged("its %s is not JSON", key)
		}
		*raw = json.RawMessage(s)
	}
	return m, nil
}
