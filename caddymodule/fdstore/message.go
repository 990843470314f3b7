// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// maxName fits a host name and a port.
	maxName = 300
	// maxMessage is the longest packet, in bytes.
	maxMessage = maxName + 20
	// maxSockets bounds what a Store holds and a Client takes.
	maxSockets = 4096
)

type verb string

const (
	take   verb = "take"
	socket verb = "socket"
	done   verb = "done"
)

// message is the text of a packet.
type message struct {
	verb    verb
	name    string // of a socket
	version uint64 // of done
}

func (m message) encode() []byte {
	switch m.verb {
	case socket:
		return []byte(string(m.verb) + " " + m.name)
	case done:
		return []byte(string(m.verb) + " " + strconv.FormatUint(m.version, 10))
	}
	return []byte(m.verb)
}

// decode accepts what encode writes and nothing else.
func decode(packet []byte) (message, error) {
	word, rest, _ := strings.Cut(string(packet), " ")
	m := message{verb: verb(word)}
	var err error
	switch m.verb {
	case take:
	case socket:
		m.name, err = rest, checkName(rest)
	case done:
		m.version, err = strconv.ParseUint(rest, 10, 64)
	default:
		err = errors.New("it is of an unknown kind")
	}
	if err == nil && string(m.encode()) != string(packet) {
		err = errors.New("it is not in its canonical form")
	}
	if err != nil {
		return message{}, fmt.Errorf("reading a packet of %d bytes: %w", len(packet), err)
	}
	return m, nil
}

func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name has 1 to %d bytes, this one %d", maxName, len(name))
	}
	for _, b := range []byte(name) {
		if b <= ' ' || b > '~' {
			return errors.New("a name has a byte that is not a printable one of ASCII")
		}
	}
	return nil
}
