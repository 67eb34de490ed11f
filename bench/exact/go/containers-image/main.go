// Packs standard input as podman, buildah and skopeo do when they push, as gzip or zstd says, and at the level behind that or at their own.
package main

import (
	"io"
	"log"
	"os"
	"strconv"

	"IMAGE/pkg/compression"
)

func main() {
	algorithm, err := compression.AlgorithmByName(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var level *int
	if len(os.Args) > 2 {
		number, err := strconv.Atoi(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		level = &number
	}
	out, err := compression.CompressStream(os.Stdout, algorithm, level)
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
