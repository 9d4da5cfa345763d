package dataset

import (
	"fmt"
	"slices"
)

// mostDropped is how many columns that are not used are named.
const mostDropped = 20

// leastNoted is the rows that a column must have before it is noted.
const leastNoted = 10

// Notes returns what a person may want to know before training: a line for each
// column of categories where nearly every training row has its own, as dates and
// names do, and for a table of nothing but texts. It is nil if there is nothing to say.
func (s *Schema) Notes() []string {
	notes := slices.Clone(s.Hints)
	for i, d := range s.Dropped {
		if i == mostDropped {
			notes = append(notes, fmt.Sprintf("and %d more columns are not used", len(s.Dropped)-i))
			break
		}
		notes = append(notes, fmt.Sprintf("column %q is not used: %s", d.Name, d.Reason))
	}
	for _, c := range s.Columns {
		if distinct, known := c.distinct(), s.Rows-c.Missing; c.Kind == KindCategorical && known >= leastNoted && 10*distinct >= 9*known {
			notes = append(notes, fmt.Sprintf("column %q has %d categories in %d rows: what is learnt of one says nothing about new rows; skip the column", c.Name, distinct, known))
		}
	}
	if c := s.onlyText(); c != nil {
		notes = append(notes, fmt.Sprintf("column %q is text, and is read as counts of its words; a model that reads its tokens in order is for one column of texts: data.text, or --text %s", c.Name, c.Name))
	}
	return notes
}

// onlyText returns the column of a table that has one, of text, or nil.
func (s *Schema) onlyText() *ColumnSchema {
	if len(s.Columns) == 1 && s.Columns[0].Kind == KindText {
		return &s.Columns[0]
	}
	return nil
}

// distinct returns the categories that are not the missing one.
func (c *ColumnSchema) distinct() int {
	if c.Missing > 0 {
		return len(c.Vocabulary) - 1
	}
	return len(c.Vocabulary)
}
