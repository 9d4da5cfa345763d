// Package tokenizer turns text into tokens, the integers that a language model
// or a classifier of texts reads, and back.
//
//	bytes   256 ids, one for each byte: any text
//	chars   one id for each distinct character of the training text
//	bpe     byte-level byte-pair encoding as GPT-2's: any text, few tokens
//	words   words in lower case and punctuation, for classification
//
// [Train] makes one from texts. [LoadFile] reads the tokenizer.json of Hugging
// Face where it is byte-level BPE, and GPT-2's vocab.json with merges.txt.
// [Marshal] and [Parse] keep a tokenizer with the model that was trained on it,
// so that the same text always becomes the same tokens.
//
// A token of bytes and bpe may be a part of a character. Whoever prints text as
// it is generated uses a [Decoder], which holds back what is incomplete.
package tokenizer
