// Makes an eStargz layer of the tar that is its argument, as BuildKit and nerdctl do: one gzip member for each file.
package main

import (
	"io"
	"log"
	"os"

	"github.com/containerd/stargz-snapshotter/estargz"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		log.Fatal(err)
	}
	layer, err := estargz.Build(io.NewSectionReader(file, 0, info.Size()))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, layer); err != nil {
		log.Fatal(err)
	}
}
