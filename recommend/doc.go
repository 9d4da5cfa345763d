// Package recommend ranks items for users by a trained model.
//
// A model whose score is a product of two vectors (nn.Factored) is asked for
// the vectors of all users and all items once; from then on scores are blocks
// of a matrix product, and the best of a block are found by a bounded heap
// behind a threshold. Any other model is run as it is, on all items. Scores of
// vectors are one chain of fused multiplications and additions each, so lists
// depend neither on how many users are asked for at once nor on threads.
//
// A Ranker gives lists and the places of held-out items; a Recommender adds
// identifiers, what users have seen, and answers for those it does not know.
package recommend
