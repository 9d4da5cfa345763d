// Command descent trains neural networks by mini-batch gradient descent.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
