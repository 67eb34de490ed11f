// Answers requests on standard input with what klauspost/compress/zstd makes of them: level (int8: 1 is its fastest, 2 its default), size
// (uint32, little-endian) and bytes; the answer is a size and bytes. With a level as its argument, packs all of standard input to standard output
// instead.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	if len(os.Args) > 1 {
		level, err := strconv.Atoi(os.Args[1])
		if err == nil {
			err = pack(in, out, level)
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			log.Fatal(err)
		}
		return
	}
	for {
		if _, err := in.Peek(1); err == io.EOF {
			return
		}
		if err := answer(in, out); err != nil {
			log.Fatal(err)
		}
	}
}

func pack(in io.Reader, out io.Writer, level int) error {
	writer, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.EncoderLevel(level)))
	if err != nil {
		return err
	}
	if _, err := io.Copy(writer, in); err != nil {
		return err
	}
	return writer.Close()
}

func answer(in io.Reader, out *bufio.Writer) error {
	var request struct {
		Level int8
		Size  uint32
	}
	if err := binary.Read(in, binary.LittleEndian, &request); err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := pack(io.LimitReader(in, int64(request.Size)), &packed, int(request.Level)); err != nil {
		return err
	}
	if err := binary.Write(out, binary.LittleEndian, uint32(packed.Len())); err != nil {
		return err
	}
	if _, err := out.Write(packed.Bytes()); err != nil {
		return err
	}
	return out.Flush()
}
