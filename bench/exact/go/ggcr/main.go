// Packs the tar on standard input as crane, ko and kaniko do, for which all three use this library.
package main

import (
	"io"
	"log"
	"os"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	layer, err := tarball.LayerFromFile("/dev/stdin")
	if err != nil {
		log.Fatal(err)
	}
	packed, err := layer.Compressed()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, packed); err != nil {
		log.Fatal(err)
	}
}
