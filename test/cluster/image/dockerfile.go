// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// FromDockerfile returns the image that a Dockerfile describes, with a program that
// was built outside of it, so that how an image is started is written down once. It
// reads the last stage, and knows no more than those of this repository have: one
// COPY --from, USER, and ENTRYPOINT and CMD as JSON.
func FromDockerfile(file, program string, names ...string) (Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return Image{}, err
	}
	defer f.Close()
	i, err := parse(f)
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", file, err)
	}
	i.Names, i.Program = names, program
	return i, nil
}

func parse(r io.Reader) (Image, error) {
	var i Image
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		rest = strings.TrimSpace(rest)
		var err error
		switch instruction {
		case "FROM":
			i = Image{}
		case "USER":
			i.User = rest
		case "COPY":
			i.Path, err = copied(rest, i.Path)
		case "ENTRYPOINT":
			i.Entrypoint, err = words(rest)
		case "CMD":
			i.Cmd, err = words(rest)
		}
		if err != nil {
			return Image{}, fmt.Errorf("line %d: %s: %w", n, instruction, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Image{}, err
	}
	if i.Path == "" || len(i.Entrypoint) == 0 {
		return Image{}, fmt.Errorf("the last stage has no COPY --from or no ENTRYPOINT")
	}
	return i, nil
}

// copied takes the destination of the only COPY that matters: that of the program,
// from an earlier stage.
func copied(arguments, before string) (string, error) {
	fields := strings.Fields(arguments)
	if len(fields) == 0 || !strings.HasPrefix(fields[0], "--from=") {
		return before, nil
	}
	if before != "" || len(fields) != 3 {
		return "", fmt.Errorf("%q: want one, of one file", arguments)
	}
	return fields[2], nil
}

func words(text string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("%q is no JSON array of strings: %w", text, err)
	}
	return list, nil
}
