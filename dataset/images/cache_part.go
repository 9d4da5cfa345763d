package images

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/descent-ml/descent/internal/mapped"
)

// The files of a part of a cache; its name is before the point.
const (
	filePixels = ".u8"     // (N, height, width, channels)
	fileSums   = ".crc"    // u32 of each file, while they are decoded: see cachePart
	fileLabels = ".labels" // i32 of each image, little endian
	fileNames  = ".names"  // the paths, each with a zero behind it
)

var cacheParts = [parts]string{"train", "val", "test"}

// cachePart decodes a part into files of a folder, and goes on where an earlier run ended:
// the checksum of an image's pixels is written when they are, so what does not agree is
// decoded again.
func (r *reader) cachePart(ctx context.Context, dir string, part int, l *listing) (*partManifest, error) {
	base := filepath.Join(dir, cacheParts[part])
	n, size := len(l.files), r.target.size()
	file, err := r.partFile(dir, part, l)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sumFile, err := openOrCreate(base+fileSums, 4*int64(n))
	if err != nil {
		return nil, err
	}
	defer sumFile.Close()
	pixels, sums := file.Bytes(), mapped.Slice[uint32](sumFile)
	d := decoding{part: part, list: l, slot: func(i int) []uint8 { return pixels[i*size : (i+1)*size : (i+1)*size] }}
	var written atomic.Int64
	release := func() {
		if written.Add(int64(size)) >= mostResident {
			written.Store(0)
			file.Drop(0, int64(len(pixels)))
		}
	}
	if err := eachIndex(ctx, n, func(i int) {
		if sums[i] == 0 || crc32.Checksum(d.slot(i), castagnoli) != sums[i] {
			sums[i] = 0
		}
		release()
	}); err != nil {
		return nil, err
	}
	for i, sum := range sums {
		if sum == 0 {
			d.todo = append(d.todo, i)
		}
	}
	d.done = func(i int) {
		sums[i] = crc32.Checksum(d.slot(i), castagnoli)
		release()
	}
	skipped, err := r.decode(ctx, &d)
	if err != nil {
		return nil, err
	}
	return r.finishPart(base, file, sums, &d, skipped)
}

// partFile maps the pixels of a part for writing.
func (r *reader) partFile(dir string, part int, l *listing) (*mapped.File, error) {
	return openOrCreate(filepath.Join(dir, cacheParts[part]+filePixels), int64(len(l.files))*int64(r.target.size()))
}

// openOrCreate maps a file of a size for writing: the one that is there, or a new one.
func openOrCreate(path string, size int64) (*mapped.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() == size {
		f, err := mapped.Reopen(path)
		if err != nil {
			return nil, fmt.Errorf("images: the cache: %w", err)
		}
		return f, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	f, err := mapped.Create(path, size)
	if err != nil {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	return f, nil
}

// finishPart closes the gaps that skipped files leave, and writes what is known of the images.
func (r *reader) finishPart(base string, file *mapped.File, sums []uint32, d *decoding, skipped []*FileError) (*partManifest, error) {
	m := &partManifest{}
	for _, e := range skipped {
		m.Skipped = append(m.Skipped, skippedFile{e.Path, e.Err.Error()})
	}
	var kept []uint32
	var labels []int32
	var paths names
	for i, f := range d.list.files {
		if d.failed[i] != nil {
			continue
		}
		if len(kept) < i {
			copy(d.slot(len(kept)), d.slot(i))
		}
		kept, labels = append(kept, sums[i]), append(labels, d.list.labels[i])
		paths.add(f.path)
	}
	m.Images, m.Sum = len(kept), sumOf(kept, labels)
	labelBytes, _ := binary.Append(nil, binary.LittleEndian, labels) // numbers never fail
	m.Labels, m.Names = checksum(labelBytes), checksum(paths.text)
	err := errors.Join(file.Sync(), file.Close(),
		os.Truncate(base+filePixels, int64(len(kept))*int64(r.target.size())),
		os.WriteFile(base+fileLabels, labelBytes, 0o644),
		os.WriteFile(base+fileNames, paths.text, 0o644))
	if err != nil {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	return m, nil
}

func checksum(b []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(b, castagnoli)) }

// openCache opens the parts of a cache.
func (r *reader) openCache(dir string, m *manifest) (*Parts, error) {
	r.target.height, r.target.width, r.target.channels = m.Height, m.Width, m.Channels
	p := &Parts{Cache: dir}
	for part, pm := range m.Parts {
		if pm == nil {
			continue
		}
		for _, f := range pm.Skipped {
			p.Skipped = append(p.Skipped, &FileError{f.Path, errors.New(f.Reason)})
		}
		s, err := r.openPart(dir, part, m.Key.Classes, pm)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		*p.at(part) = s
	}
	return p, nil
}

// openPart maps the pixels of a part, and reads labels and names.
func (r *reader) openPart(dir string, part int, classes []string, m *partManifest) (*Set, error) {
	base := filepath.Join(dir, cacheParts[part])
	labels, err := os.ReadFile(base + fileLabels)
	if err != nil {
		return nil, damaged(dir, "%v", err)
	}
	text, err := os.ReadFile(base + fileNames)
	if err != nil {
		return nil, damaged(dir, "%v", err)
	}
	if checksum(labels) != m.Labels || checksum(text) != m.Names || len(labels) != 4*m.Images {
		return nil, damaged(dir, "the checksums of labels or names of %s", cacheParts[part])
	}
	file, err := mapped.Open(base + filePixels)
	if err != nil {
		return nil, damaged(dir, "%v", err)
	}
	s := r.newSet(classes)
	s.Pixels, s.sum, s.closed = file.Bytes(), m.Sum, file.Close
	s.pages = &pages{file: file, size: int64(s.Size())}
	s.Labels = make([]int32, m.Images)
	for i := range s.Labels {
		s.Labels[i] = int32(binary.LittleEndian.Uint32(labels[4*i:]))
	}
	s.names.text = text
	for i, c := range text {
		if c == 0 {
			s.names.ends = append(s.names.ends, i)
		}
	}
	if err := s.check(); err != nil || len(s.names.ends) != m.Images {
		return nil, errors.Join(damaged(dir, "%d names of %d images of %s: %v", len(s.names.ends), m.Images, cacheParts[part], err), file.Close())
	}
	return s, nil
}
