// Answers requests on standard input with what compress/flate makes of them: level (int8), size (uint32, little-endian) and bytes; the answer
// is a size and bytes. To a level beyond 9, 32 is added: the writer is then flushed before it is closed. What it makes of a request does not depend on those before it. With a level as its argument it packs standard input instead.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"log"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) > 1 {
		if err := pack(os.Args[1]); err != nil {
			log.Fatal(err)
		}
		return
	}
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	for {
		if _, err := in.Peek(1); err == io.EOF {
			return
		}
		if err := answer(in, out); err != nil {
			log.Fatal(err)
		}
	}
}

func pack(level string) error {
	number, err := strconv.Atoi(level)
	if err != nil {
		return err
	}
	writer, err := flate.NewWriter(os.Stdout, number)
	if err != nil {
		return err
	}
	if _, err := io.Copy(writer, os.Stdin); err != nil {
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
	level := int(request.Level)
	isFlushed := level > 9
	if isFlushed {
		level -= 32
	}
	writer, err := flate.NewWriter(&packed, level)
	if err != nil {
		return err
	}
	plain := make([]byte, request.Size)
	if _, err := io.ReadFull(in, plain); err != nil {
		return err
	}
	if _, err := writer.Write(plain); err != nil {
		return err
	}
	if isFlushed {
		if err := writer.Flush(); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	if err := binary.Write(out, binary.LittleEndian, uint32(packed.Len())); err != nil {
		return err
	}
	if _, err := packed.WriteTo(out); err != nil {
		return err
	}
	return out.Flush()
}
