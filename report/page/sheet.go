package page

import "encoding/base64"

// Sheet is small pictures with what is said of each.
type Sheet struct {
	Caption  string
	Pictures []Picture
}

// Picture is an image in the page itself, and lines below it; the first stands out.
// One that is smaller than its place is drawn larger, if it is tiny with its pixels as
// squares.
type Picture struct {
	PNG           []byte
	Width, Height int
	Alt           string
	Lines         []string
}

// pictureSide is the side of the place of a picture, in pixels of CSS.
const pictureSide = 104

func (s Sheet) write(w *writer) {
	if len(s.Pictures) == 0 {
		return
	}
	w.printf("<p class=\"cap\">%s</p><div class=\"sheet\">\n", s.Caption)
	for _, p := range s.Pictures {
		p.write(w)
	}
	w.WriteString("</div>\n")
}

// Drawing is an SVG as wide as the page, with colors of its own. Unlike all other
// text it is not escaped.
type Drawing struct{ SVG string }

func (d Drawing) write(w *writer) {
	w.WriteString("<figure class=\"drawing\">" + d.SVG + "</figure>\n")
}

func (p Picture) write(w *writer) {
	wide, high := pictureSide, pictureSide
	if p.Width > p.Height {
		high = max(1, pictureSide*p.Height/p.Width)
	} else if p.Width < p.Height {
		wide = max(1, pictureSide*p.Width/p.Height)
	}
	look := ""
	if 2*p.Width <= pictureSide && 2*p.Height <= pictureSide {
		look = "px"
	}
	w.printf("<figure><img class=\"%s\" width=\"%d\" height=\"%d\" alt=\"%s\" src=\"data:image/png;base64,%s\"/><figcaption>",
		look, wide, high, p.Alt, base64.StdEncoding.EncodeToString(p.PNG))
	for i, line := range p.Lines {
		if i == 0 {
			w.printf("<b>%s</b>", line)
			continue
		}
		w.printf("<small>%s</small>", line)
	}
	w.WriteString("</figcaption></figure>\n")
}
