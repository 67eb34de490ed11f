// Packs the tar on standard input as zstd:chunked at the level that is its argument, as podman, buildah and skopeo do with containers/storage.
package main

import (
	"io"
	"log"
	"os"
	"strconv"

	"STORAGE/pkg/chunked/compressor"
)

func main() {
	if err := pack(); err != nil {
		log.Fatal(err)
	}
}

func pack() error {
	level, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	writer, err := compressor.ZstdCompressor(os.Stdout, map[string]string{}, &level)
	if err != nil {
		return err
	}
	if _, err := io.Copy(writer, os.Stdin); err != nil {
		return err
	}
	return writer.Close()
}
