package main

import (
	"fmt"

	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/report/page"
)

// rankingSection is where a recommender finds what was held out, and of which
// items, beside popularity.
func rankingSection(q *assess.Quality) page.Section {
	r := q.Ranking
	lines := page.Lines{Caption: "Share of held-out items among the first K", X: "K", Y: "share", LogX: true, Series: []page.Series{{Name: "model"}, {Name: "popularity"}}}
	for _, f := range r.Found {
		for i, v := range []float64{f.Model, f.Popular} {
			s := &lines.Series[i]
			s.X, s.Y = append(s.X, float64(f.K)), append(s.Y, v)
		}
	}
	t := page.Table{Caption: "Share of held-out items among the first 10, by how popular they are", Columns: []page.Column{{Name: "interactions of an item in training"},
		{Name: "items", Numeric: true}, {Name: "held out", Numeric: true}, {Name: "model", Numeric: true}, {Name: "popularity", Numeric: true}}}
	for _, x := range r.Tail {
		row := []string{fmt.Sprintf("%d to %d", x.Times[0], x.Times[1]), fmt.Sprint(x.Items), fmt.Sprint(x.Held), "–", "–"}
		if x.Held > 0 {
			row[3], row[4] = short(x.Model), short(x.Popular)
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Section{Title: "Ranking", Blocks: []page.Block{lines, t},
		Intro: "Where the held-out items stand, and of which items the model knows whom they are for. Each row of the table has a fifth of the interactions of training, the most popular items first: a model that only knows what everybody likes finds nothing in the last rows."}
}
