// Package thesis measures what mini-batch gradient descent is good for, on one
// problem: descent with all examples in each batch, with one, and with sizes
// between, each at its best learning rate, side by side. It is the example
// three-gradients.
//
// All but seconds are functions of the seeds.
package thesis
