// Packs the tar on standard input as eStargz, as nerdctl, BuildKit and ctr-remote do it with containerd's library.
package main

import (
	"bytes"
	"io"
	"log"
	"os"

	"github.com/containerd/stargz-snapshotter/estargz"
)

func main() {
	if err := pack(); err != nil {
		log.Fatal(err)
	}
}

func pack() error {
	tar, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	blob, err := estargz.Build(io.NewSectionReader(bytes.NewReader(tar), 0, int64(len(tar))))
	if err != nil {
		return err
	}
	if _, err := io.Copy(os.Stdout, blob); err != nil {
		return err
	}
	return blob.Close()
}
