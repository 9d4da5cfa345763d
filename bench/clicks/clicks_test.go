package clicks

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	var one, again bytes.Buffer
	c := Default(20_000)
	c.Users, c.Items = 500, 300
	if err := c.Write(&one); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(&again); err != nil || !bytes.Equal(one.Bytes(), again.Bytes()) {
		t.Errorf("the same configuration gives other bytes, %v", err)
	}
	lines := strings.Split(strings.TrimSpace(one.String()), "\n")
	count, ratings := map[string]int{}, map[string]int{}
	for _, line := range lines[1:] {
		cells := strings.Split(line, ",")
		count[cells[1]]++
		ratings[cells[2]]++
	}
	if len(lines) != 20_001 || len(ratings) < 4 {
		t.Errorf("%d lines, ratings %v", len(lines), ratings)
	}
	var popular []int
	for _, n := range count {
		popular = append(popular, n)
	}
	slices.Sort(popular)
	if most, half := popular[len(popular)-1], popular[len(popular)/2]; most < 5*half {
		t.Errorf("the most popular item has %d, the one in the middle %d: no power law", most, half)
	}
}
