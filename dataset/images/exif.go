package images

import (
	"bytes"
	"encoding/binary"
)

// The orientation of an image (EXIF 2.32, tag 0x0112): 1 is upright, 2 to 8 are mirrored
// and turned.
const (
	upright        = 1
	orientationTag = 0x0112
	shortType      = 3 // of 16 bits
)

// orientation returns that of a JPEG, PNG, WebP or TIFF file; upright if it does not say.
func orientation(file []byte) int {
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8")):
		return tiffOrientation(jpegEXIF(file))
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		return tiffOrientation(pngEXIF(file[8:]))
	case bytes.HasPrefix(file, []byte("RIFF")) && len(file) > 12:
		return tiffOrientation(webpEXIF(file[12:]))
	}
	return tiffOrientation(file)
}

// jpegEXIF returns the EXIF data of a JPEG file, which are in its first segments.
func jpegEXIF(b []byte) []byte {
	const app1, startOfScan = 0xe1, 0xda
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff && b[1] != startOfScan; {
		if b[1] == 0xff { // fill
			b = b[1:]
			continue
		}
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			return nil
		}
		if exif, ok := bytes.CutPrefix(b[4:n], []byte("Exif\x00\x00")); ok && b[1] == app1 {
			return exif
		}
		b = b[n:]
	}
	return nil
}

// pngEXIF returns what the chunk eXIf has, in those behind the signature.
func pngEXIF(b []byte) []byte {
	for len(b) >= 12 {
		n := binary.BigEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-12) {
			return nil
		}
		if string(b[4:8]) == "eXIf" {
			return b[8 : 8+n]
		}
		b = b[12+n:]
	}
	return nil
}

// webpEXIF returns what the chunk EXIF has, in those of a RIFF file.
func webpEXIF(b []byte) []byte {
	for len(b) >= 8 {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n > uint64(len(b)-8) {
			return nil
		}
		if string(b[:4]) == "EXIF" {
			return bytes.TrimPrefix(b[8:8+n], []byte("Exif\x00\x00"))
		}
		b = b[min(8+n+n%2, uint64(len(b))):]
	}
	return nil
}

// tiffOrientation finds the tag in the first directory of TIFF data.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return upright
	}
	order := binary.ByteOrder(binary.LittleEndian)
	switch string(b[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return upright
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == orientationTag && order.Uint16(entries[2:]) == shortType {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			break
		}
		entries = entries[12:]
	}
	return upright
}

// mirrorsX reports whether turning an image upright begins each row of it at its end.
func mirrorsX(orientation int) bool {
	return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
}

// mirrorsY reports whether turning an image upright begins at its last row.
func mirrorsY(orientation int) bool {
	return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
}

// turn sets b to an image that stands upright, of one with an orientation.
func (b *bitmap) turn(src *bitmap, orientation int) {
	w, h := src.width, src.height
	first, right, down := 0, 1, w // of the source: the pixel that comes first, and the steps from it
	switch orientation {
	case 2:
		first, right, down = w-1, -1, w
	case 3:
		first, right, down = w*h-1, -1, -w
	case 4:
		first, right, down = w*(h-1), 1, -w
	case 5:
		first, right, down = 0, w, 1
	case 6:
		first, right, down = w*(h-1), -w, 1
	case 7:
		first, right, down = w*h-1, -w, -1
	case 8:
		first, right, down = w-1, w, -1
	}
	if orientation >= 5 {
		w, h = h, w
	}
	b.reset(h, w, src.channels)
	c := src.channels
	for y := range h {
		dst, at := b.row(y), first+y*down
		for ; len(dst) > 0; dst, at = dst[c:], at+right {
			copy(dst[:c], src.pixels[at*c:])
		}
	}
}
