// Package cpu runs plans on the processor: prepared kernel calls over one
// arena, by persistent workers. A step allocates nothing.
//
// Nothing here changes a bit of the result: the number of threads, the tier of
// instructions, the size of micro-batches and of blocks of rows decide only
// who computes what and when.
package cpu
