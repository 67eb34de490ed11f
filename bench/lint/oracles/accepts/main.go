// Reads names of Dockerfiles, one a line, and prints {"file", "error"} for each: what BuildKit's parser says of it, nothing where it takes it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	names := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for names.Scan() {
		message := ""
		if err := read(names.Text()); err != nil {
			message = err.Error()
		}
		if out.Encode(map[string]string{"file": names.Text(), "error": message}) != nil {
			os.Exit(1)
		}
	}
	if names.Err() != nil {
		os.Exit(1)
	}
}

func read(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	_, _, err = instructions.Parse(result.AST, nil)
	return err
}
