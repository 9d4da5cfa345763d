package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// clicksRun trains a recommender for a moment on 30 users, u0 to u29, and 20
// items, i0 to i19.
func clicksRun(t *testing.T) (run string) {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("who,what\n")
	for i := range 300 {
		fmt.Fprintf(&b, "u%d,i%d\n", i%30, (i%30*7+i/30*(1+i%2))%20)
	}
	run = filepath.Join(dir, "run")
	mustCall(t, "train", "--data", write(t, dir, "clicks.csv", b.String()), "--user", "who", "--item", "what", "--out", run, "--quiet",
		"--set", "budget=2ep", "--set", "exec.threads=1", "--set", "data.split.by=leave_one_out", "--set", "model={bpr: 4}", "--set", "loss=bpr")
	return run
}

type listed struct {
	User, Like, From string
	Items            []struct {
		Item, Title string
		Score       float64
	}
}

func jsonLists(t *testing.T, text string) (all []listed) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		var l listed
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, l)
	}
	return all
}

// TestRecommend: text, JSON, files and everyone say the same; unknown users get
// what is popular, and that is said.
func TestRecommend(t *testing.T) {
	run := clicksRun(t)
	titles := write(t, t.TempDir(), "films.tsv", "id\tyear\ttitle\ni1\t1999\tOne\ni2\t2000\tTwo, again\n")
	out, _ := mustCall(t, "recommend", run, "--user", "u3,nobody", "--top", "4", "--json", "--titles", titles)
	lists := jsonLists(t, out)
	if len(lists) != 2 || lists[0].User != "u3" || lists[0].From != "model" || len(lists[0].Items) != 4 || lists[1].From != "popular" || len(lists[1].Items) != 4 {
		t.Fatalf("%+v", lists)
	}
	text, _ := mustCall(t, "recommend", run, "--user", "u3", "--user", "nobody", "--top", "4")
	for _, l := range lists {
		for i, x := range l.Items {
			if !strings.Contains(text, fmt.Sprintf("  %d  %s ", i+1, x.Item)) {
				t.Errorf("no item %d, %s, in\n%s", i+1, x.Item, text)
			}
			if want := map[string]string{"i1": "One", "i2": "Two, again"}[x.Item]; x.Title != want {
				t.Errorf("item %s has the title %q, want %q", x.Item, x.Title, want)
			}
		}
	}
	if !strings.Contains(text, "user nobody: the model has learned nothing of this user") {
		t.Error(text)
	}
	file := filepath.Join(t.TempDir(), "all.csv")
	_, note := mustCall(t, "recommend", run, "--all", "--top", "4", "--to", file)
	if !strings.Contains(note, "30 users in ") {
		t.Error(note)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil || len(rows) != 1+30*4 || strings.Join(rows[0], " ") != "user rank item score from" {
		t.Fatalf("%d rows, %v, %v", len(rows), rows[0], err)
	}
	for i, row := range rows[1+3*4 : 1+4*4] {
		if row[0] != "u3" || row[2] != lists[0].Items[i].Item {
			t.Errorf("row %v, want %v", row, lists[0].Items[i])
		}
	}
}

func TestRecommendSimilarAndExport(t *testing.T) {
	run := clicksRun(t)
	text, _ := mustCall(t, "recommend", run, "--similar", "i4", "--top", "3")
	if !strings.HasPrefix(text, "like item i4 (cosine of the vectors)\n  1  i") || strings.Contains(text, "  i4 ") {
		t.Error(text)
	}
	out, _ := mustCall(t, "recommend", run, "--similar", "i4", "--top", "3", "--json")
	if l := jsonLists(t, out)[0]; l.Like != "i4" || l.From != "cosine" || len(l.Items) != 3 {
		t.Errorf("%+v", l)
	}
	dir := filepath.Join(t.TempDir(), "vectors")
	mustCall(t, "recommend", run, "--export-embeddings", dir)
	if b, err := os.ReadFile(filepath.Join(dir, "items.txt")); err != nil || strings.Count(string(b), "\n") != 20 {
		t.Errorf("%q, %v", b, err)
	}
}

// TestEvalRanking: eval and the report show rankings beside popularity.
func TestEvalRanking(t *testing.T) {
	run := clicksRun(t)
	text, _ := mustCall(t, "eval", run)
	for _, want := range []string{"on test data", "popularity", "ndcg@10", "coverage@10", "30 held-out items of 30 users, in the whole catalog of 20 items"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	out, _ := mustCall(t, "eval", run, "--split", "val", "--json")
	var got struct {
		Quality struct {
			Part      string
			Baselines []struct{ Name string }
			Ranking   struct{ Found []struct{ K int } }
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Quality.Part != "val" || got.Quality.Baselines[0].Name != "popularity" || len(got.Quality.Ranking.Found) == 0 {
		t.Errorf("%s, %v", out, err)
	}
	page, err := os.ReadFile(filepath.Join(run, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h2>Ranking</h2>", "Share of held-out items among the first K", "popularity is the items that most users met", "30 rankings of users", "ndcg@10"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in the report", want)
		}
	}
}

func TestRecommendRefuses(t *testing.T) {
	run := clicksRun(t)
	dir := t.TempDir()
	one := write(t, dir, "one.csv", "id\ni1\n")
	data, people := write(t, dir, "people.csv", people(60)), filepath.Join(dir, "people")
	mustCall(t, "train", "--data", data, "--target", "income", "--out", people, "--quiet", "--set", "budget=1up")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{run}, exitUsage, "wants one of --user, --all, --similar and --export-embeddings"},
		{[]string{run, "--all", "--user", "u1"}, exitUsage, "wants one of"},
		{[]string{run, "--user", "u1", "--top", "0"}, exitUsage, "--top 0 (want 1 or more)"},
		{[]string{run, "--all", "--to", "lists.xlsx"}, exitUsage, "--to lists.xlsx (want a file that ends in .csv, .tsv or .jsonl)"},
		{[]string{run, "--all", "--to", one}, exitUsage, "one.csv exists (choose another file)"},
		{[]string{run, "--export-embeddings", dir}, exitUsage, "exists (choose another folder)"},
		{[]string{run, "--user", "u1", "--title-column", "x"}, exitUsage, "--title-column wants --titles FILE"},
		{[]string{run, "--user", "u1", "--titles", one}, exitFailed, "one column (want identifiers of items and their titles)"},
		{[]string{run, "--similar", "i99"}, exitFailed, `the data has no item "i99"`},
		{[]string{people, "--user", "u1"}, exitFailed, "is no recommender"},
	} {
		code, _, stderr := call(append([]string{"recommend"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d, %s, want %d, %q", c.args, code, stderr, c.code, c.want)
		}
	}
}
