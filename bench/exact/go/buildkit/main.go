// Packs standard input as BuildKit does when it exports, at the level that is its argument or at its own.
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
	if len(os.Args) > 1 {
		level, err := strconv.Atoi(os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		config = config.SetLevel(level)
	}
	compress, _ := config.Type.Compress(context.Background(), config)
	out, err := compress(os.Stdout, "application/vnd.oci.image.layer.v1.tar+gzip")
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
