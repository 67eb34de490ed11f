// Packs standard input as containerd does when it commits and exports.
package main

import (
	"io"
	"log"
	"os"

	"CONTAINERD/compression"
)

func main() {
	out, err := compression.CompressStream(os.Stdout, compression.Gzip)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(out, os.Stdin); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}
