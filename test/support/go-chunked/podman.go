//go:build podman

package main

import "go.podman.io/storage/pkg/chunked/compressor"

var zstdCompressor = compressor.ZstdCompressor
