// Packs standard input as podman, buildah and skopeo do when they push.
package main

import (
	"io"
	"log"
	"os"

	"IMAGE/pkg/compression"
)

func main() {
	out, err := compression.CompressStream(os.Stdout, compression.Gzip, nil)
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
