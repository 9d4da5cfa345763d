// Package interactions reads who did what with which item, and when, and makes
// examples of it for recommenders.
//
// An interaction is (user, item, value, time); value and time may be missing.
// A [Reader] gives the interactions of a file one by one, whatever its format;
// [Read] keeps them in memory as a [Table], where users and items are numbers
// from 0 in the order of their first appearance, and [Names] are the numbers'
// identifiers. [Known] tells what a user has already met. [Load] keeps large files as columns in a
// [Cache], mapped into memory, and everything made of such a table lies in files
// as well.
package interactions
