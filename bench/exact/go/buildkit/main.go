// Packs standard input as BuildKit does when it exports, as gzip or zstd says, and at the level behind that or at its own.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/moby/buildkit/util/compression"
)

func main() {
	config := compression.New(compression.Gzip)
	if os.Args[1] == "zstd" {
		config = compression.New(compression.Zstd)
	}
	if len(os.Args) > 2 {
		level, err := strconv.Atoi(os.Args[2])
		if err != nil {
			log.Fatal(err)
		}
		config = config.SetLevel(level)
	}
	compress, _ := config.Type.Compress(context.Background(), config)
	out, err := compress(os.Stdout, "application/vnd.oci.image.layer.v1.tar+"+os.Args[1])
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
