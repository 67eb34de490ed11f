// Answers requests on standard input with what pgzip makes of them, without the header and trailer of gzip: level (int8), size (uint32,
// little-endian) and bytes; the answer is a size and bytes. The size of its blocks is the program's argument. With a level behind it, packs all of
// standard input to standard output instead, as gzip.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"os"
	"runtime"
	"strconv"

	"github.com/klauspost/pgzip"
)

const (
	header  = 10
	trailer = 8
)

func main() {
	blockSize, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	if len(os.Args) > 2 {
		if err := pack(in, out, blockSize, os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	for {
		if _, err := in.Peek(1); err == io.EOF {
			return
		}
		if err := answer(in, out, blockSize); err != nil {
			log.Fatal(err)
		}
	}
}

func pack(in io.Reader, out *bufio.Writer, blockSize int, word string) error {
	level, err := strconv.Atoi(word)
	if err != nil {
		return err
	}
	writer, err := pgzip.NewWriterLevel(out, level)
	if err != nil {
		return err
	}
	if err := writer.SetConcurrency(blockSize, runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	if _, err := io.Copy(writer, in); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return out.Flush()
}

func answer(in io.Reader, out *bufio.Writer, blockSize int) error {
	var request struct {
		Level int8
		Size  uint32
	}
	if err := binary.Read(in, binary.LittleEndian, &request); err != nil {
		return err
	}
	plain := make([]byte, request.Size)
	if _, err := io.ReadFull(in, plain); err != nil {
		return err
	}
	var packed bytes.Buffer
	writer, err := pgzip.NewWriterLevel(&packed, int(request.Level))
	if err != nil {
		return err
	}
	if err := writer.SetConcurrency(blockSize, 2); err != nil {
		return err
	}
	if _, err := writer.Write(plain); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	stream := packed.Bytes()[header : packed.Len()-trailer]
	if err := binary.Write(out, binary.LittleEndian, uint32(len(stream))); err != nil {
		return err
	}
	if _, err := out.Write(stream); err != nil {
		return err
	}
	return out.Flush()
}
