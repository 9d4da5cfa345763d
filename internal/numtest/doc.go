// Package numtest tests numerics: gradients against central differences,
// engines against the float64 oracle, and both over one table with cases of
// every operation (Cases) and over random graphs (Random).
package numtest
