package dataset

import (
	"strings"
	"time"

	"github.com/descent-ml/descent/internal/portmath"
)

// dateLayouts are how dates and times are written, as in package time. Where
// two fit a column the first is taken: the month before the day.
var dateLayouts = []string{
	"2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02T15:04",
	"2006/01/02", "2006/01/02 15:04:05", "2006/01/02 15:04", "1/2/2006", "2/1/2006", "1/2/2006 15:04", "2/1/2006 15:04", "1/2/2006 15:04:05", "2/1/2006 15:04:05",
	"1/2/06", "2/1/06", "2.1.2006", "2.1.2006 15:04", "2.1.2006 15:04:05", "1-2-2006", "2-1-2006", "2006-01",
	"2 Jan 2006", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006", "2-Jan-06", "2006-Jan-02", "Mon Jan _2 15:04:05 2006", time.RFC1123, time.RFC1123Z,
	"15:04:05", "15:04", "3:04 PM", "3:04:05 PM",
}

// mayBeDate reports whether it is worth parsing a cell as a date.
func mayBeDate(cell []byte) bool {
	if len(cell) < 4 || len(cell) > 40 {
		return false
	}
	digits, marks := 0, 0
	for _, c := range cell {
		switch {
		case c-'0' <= 9:
			digits++
		case c == '-' || c == '/' || c == ':' || c == ' ' || c == '.':
			marks++
		}
	}
	return digits >= 2 && marks > 0
}

// layoutsOf returns the set of layouts, a bit each, that a cell is written in.
func layoutsOf(cell []byte, among uint64) uint64 {
	if !mayBeDate(cell) {
		return 0
	}
	fit, text := uint64(0), string(cell)
	for i, layout := range dateLayouts {
		if among&(1<<i) == 0 {
			continue
		}
		if _, err := time.Parse(layout, text); err == nil {
			fit |= 1 << i
		}
	}
	return fit
}

// setLayout says how a column writes its dates.
func (c *ColumnSchema) setLayout(layout string) {
	c.Layout = layout
	c.Clock = strings.Contains(layout, ":04")
	c.Calendar = strings.Contains(layout, "06")
}

// dateWidth is the number of features of a date.
func (c *ColumnSchema) dateWidth() int {
	n := 0
	if c.Calendar {
		n += 5
	}
	if c.Clock {
		n += 2
	}
	return n
}

// Days in a year and a week, for their turns.
const (
	yearDays = 365.2425
	secDay   = 86400
)

// days returns the days from 1970 to a date, with the time as a fraction; of
// a time only, the fraction of its day.
func (c *ColumnSchema) days(cell []byte) (float64, bool) {
	at, err := time.Parse(c.Layout, string(cell))
	if err != nil {
		return 0, false
	}
	if !c.Calendar {
		return float64(at.Hour()*3600+at.Minute()*60+at.Second()) / secDay, true
	}
	_, offset := at.Zone()
	return float64(at.Unix()+int64(offset)) / secDay, true
}

// encodeDate writes the features of a day: see ColumnSchema.
func (c *ColumnSchema) encodeDate(days float64, x []float32) {
	if c.Calendar {
		x[0] = c.scaled(days)
		turn(days/yearDays, x[1:])
		turn((days+4)/7, x[3:]) // 1 January 1970 was a Thursday
		x = x[5:]
	}
	if c.Clock {
		turn(days, x)
	}
}

// turn writes the sine and cosine of a number of whole turns.
func turn(turns float64, x []float32) {
	whole := float64(int64(turns))
	if turns < whole {
		whole--
	}
	turns -= whole
	x[0], x[1] = float32(portmath.CosPi(2*turns-0.5)), float32(portmath.CosPi(2*turns))
}
