package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/descent-ml/descent/recommend"
)

// lists writes lists of items: as text for people, rows or lines of JSON.
type lists struct {
	w      io.Writer
	form   string // text, csv, tsv or jsonl
	titles map[string]string
	titled bool // there is a column for titles
	rows   *csv.Writer
	count  int // of lists
}

func newLists(w io.Writer, f *recommendFlags, titles map[string]string) *lists {
	l := &lists{w: w, form: formOf(f.to), titles: titles, titled: f.titles != ""}
	switch {
	case f.json:
		l.form = "jsonl"
	case l.form == "" && f.all:
		l.form = "csv"
	case l.form == "":
		l.form = "text"
	}
	if l.rows = csv.NewWriter(w); l.form == "tsv" {
		l.rows.Comma = '\t'
	}
	return l
}

// write writes the list of a user, or of what is like an item.
func (l *lists) write(kind, id string, list *recommend.List) error {
	l.count++
	switch l.form {
	case "text":
		return l.text(kind, id, list)
	case "jsonl":
		return l.json(kind, id, list)
	}
	return l.table(kind, id, list)
}

func (l *lists) flush() error {
	l.rows.Flush()
	return l.rows.Error()
}

func (l *lists) text(kind, id string, list *recommend.List) error {
	if l.count > 1 {
		fmt.Fprintln(l.w)
	}
	switch {
	case kind == "item":
		fmt.Fprintf(l.w, "like item %s %s(cosine of the vectors)\n", id, space(l.titles[id]))
	case list.From == recommend.FromPopular:
		fmt.Fprintf(l.w, "user %s: the model has learned nothing of this user; these are the most popular items (how many users met them)\n", id)
	default:
		fmt.Fprintf(l.w, "user %s\n", id)
	}
	if len(list.Items) == 0 {
		fmt.Fprintln(l.w, "  no items are left: all were met")
	}
	t := tabwriter.NewWriter(l.w, 0, 0, 2, ' ', 0)
	for i, x := range list.Items {
		fmt.Fprintf(t, "  %d\t%s\t%s", i+1, x.ID, score(x.Score))
		if l.titled {
			fmt.Fprintf(t, "\t%s", l.titles[x.ID])
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// space puts one behind what is not empty.
func space(s string) string {
	if s == "" {
		return ""
	}
	return s + " "
}

func score(x float32) string { return strconv.FormatFloat(float64(x), 'g', 5, 32) }

// entryJSON and listJSON are a line of JSON.
type entryJSON struct {
	Item  string  `json:"item"`
	Title string  `json:"title,omitempty"`
	Score float32 `json:"score"`
}

type listJSON struct {
	User  string      `json:"user,omitempty"`
	Like  string      `json:"like,omitempty"` // the item that these are like
	From  string      `json:"from"`           // model, popular or cosine
	Items []entryJSON `json:"items"`
}

func (l *lists) json(kind, id string, list *recommend.List) error {
	j := listJSON{User: id, From: list.From, Items: make([]entryJSON, len(list.Items))}
	if kind == "item" {
		j.User, j.Like = "", id
	}
	for i, x := range list.Items {
		j.Items[i] = entryJSON{x.ID, l.titles[x.ID], x.Score}
	}
	b, err := plainJSON(j, "")
	if err == nil {
		_, err = fmt.Fprintf(l.w, "%s\n", b)
	}
	return err
}

func (l *lists) table(kind, id string, list *recommend.List) error {
	row := []string{kind, "rank", "item", "score", "from"}
	if kind == "item" {
		row[0] = "like"
	}
	if l.titled {
		row = append(row, "title")
	}
	if l.count == 1 {
		if err := l.rows.Write(row); err != nil {
			return err
		}
	}
	for i, x := range list.Items {
		row[0], row[1], row[2], row[3], row[4] = id, strconv.Itoa(i+1), x.ID, strconv.FormatFloat(float64(x.Score), 'g', -1, 32), list.From
		if l.titled {
			row[5] = l.titles[x.ID]
		}
		if err := l.rows.Write(row); err != nil {
			return err
		}
	}
	return nil
}
