// Command interactions writes made-up interactions: users and items by power
// laws, tastes of low rank. The same flags give the same file.
//
//	go run ./bench/interactions -rows 20000000 -out clicks.csv
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/descent-ml/descent/bench/clicks"
)

func main() {
	c := clicks.Default(20_000_000)
	flag.IntVar(&c.Rows, "rows", c.Rows, "interactions")
	flag.IntVar(&c.Users, "users", c.Users, "users")
	flag.IntVar(&c.Items, "items", c.Items, "items")
	flag.IntVar(&c.Rank, "rank", c.Rank, "rank of the tastes")
	flag.Uint64Var(&c.Seed, "seed", c.Seed, "seed")
	out := flag.String("out", "clicks.csv", "file to write")
	flag.Parse()
	if err := write(c, *out); err != nil {
		fmt.Fprintln(os.Stderr, "interactions:", err)
		os.Exit(1)
	}
}

func write(c clicks.Config, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := c.Write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
