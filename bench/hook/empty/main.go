// Command empty is what a Go process costs that does nothing.
package main

func main() {}
