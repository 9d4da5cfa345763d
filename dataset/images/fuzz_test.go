package images

import (
	"encoding/binary"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

func FuzzOrientation(f *testing.F) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, name := range []string{"a.jpg", "a.png"} {
			file := withEXIF(encoded(f, painted(3, 2), name), 6, order)
			f.Add(file)
			f.Add(file[:60])
		}
	}
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\xff\xff\x12\x01\x03\x00"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\x0e\x00\x00\x00Exif\x00\x00MM\x00*\x00\x00\x00\x08"))
	f.Add([]byte("\xff\xd8\xff\xff\xff\xe1\x00\x02"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if o := orientation(file); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

func FuzzCIFAR(f *testing.F) {
	record := make([]byte, 1+cifarPixels)
	record[0] = 9
	f.Add(record, []byte("a\nb\n"))
	f.Add(append([]byte{3}, record...), []byte(nil))
	f.Add(record[:100], []byte("\r\n"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, data, names []byte) {
		s, err := cifarSet("fuzz", versionOf(data), [][]byte{data}, names)
		if err == nil && (s.Len() == 0 || len(s.Pixels) != s.Len()*cifarPixels) {
			t.Errorf("%d images, %d bytes", s.Len(), len(s.Pixels))
		}
	})
}

func FuzzDecode(f *testing.F) {
	schema := &dataset.ImageSchema{Shape: []int{4, 5, 3}, Mean: make([]float64, 3), Std: []float64{1, 1, 1}, Resize: dataset.ResizePad}
	for _, name := range []string{"a.jpg", "a.png"} {
		file := withEXIF(encoded(f, painted(3, 2), name), 8, binary.BigEndian)
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"))
	f.Add([]byte("BM\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		dst := make([]uint8, 4*5*3)
		_ = Decode(dst, file, schema) // it must not panic
	})
}
