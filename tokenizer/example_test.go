package tokenizer_test

import (
	"fmt"
	"log"

	"github.com/descent-ml/descent/tokenizer"
)

// A BPE is trained on a text, kept as JSON, and gives any text back.
func Example() {
	t, err := tokenizer.TrainBPE([]string{"the cat, the hat, the mat: that is that"}, 262)
	if err != nil {
		log.Fatal(err)
	}
	ids := t.Encode("the bat")
	for _, id := range ids {
		fmt.Printf("%q ", t.Decode([]int32{id}))
	}
	fmt.Println(t.Size(), t.Decode(ids))
	data, err := tokenizer.Marshal(t)
	if err != nil {
		log.Fatal(err)
	}
	again, err := tokenizer.Parse(data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Kind(), again.Size())
	// Output:
	// "th" "e" " " "b" "at" 262 the bat
	// bpe 262
}

// A byte is not a character: a decoder waits for the rest of it.
func ExampleDecoder() {
	t := tokenizer.Bytes()
	d := tokenizer.NewDecoder(t)
	for _, id := range t.Encode("né") {
		fmt.Printf("%q ", d.Next(id))
	}
	// Output: "n" "" "é"
}

func ExampleWords() {
	t, err := tokenizer.Words([]string{"Free entry!", "It's free", "free as in entry"}, 4)
	if err != nil {
		log.Fatal(err)
	}
	ids := t.Encode("Free beer isn't free!")
	fmt.Println(ids, t.Decode(ids))
	// Output: [2 1 1 1 2 4] free <unk> <unk> <unk> free !
}
