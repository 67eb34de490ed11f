//go:build !podman

package main

import "github.com/containers/storage/pkg/chunked/compressor"

var zstdCompressor = compressor.ZstdCompressor
