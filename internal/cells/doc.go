// Package cells holds the text of a table by columns, in little memory and
// without losing a byte of it, and reads the formats that tables come in.
//
// A column keeps each distinct text once and a code of one or two bytes for
// each row. Where texts are too many it keeps numbers packed into 64 bits, or
// else the text itself. What is asked of a cell, such as its number, is found
// out once for each distinct text: see Memo.
package cells
