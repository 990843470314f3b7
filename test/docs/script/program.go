// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"slices"
	"strings"
)

var (
	// localPrograms need nothing but this repository and what every Unix has, curl and
	// openssl included.
	localPrograms = []string{
		"kubera", "kubera-proxy", "make quickstart", "make build",
		"curl", "openssl", "cat", "cd", "cp", "echo", "export", "for", "grep", "ls", "mkdir", "printf", "rm", "sed", "test",
	}
	// clusterPrograms ask an API server.
	clusterPrograms = []string{
		"kubectl", "helm", "make deploy", "make undeploy", "make install", "make uninstall", "make gateway-api", "make run",
		"make build-installer",
	}
	// servers do not end by themselves.
	servers = []string{
		"kubera run", "kubera echo", "kubera-proxy run", "kubera-proxy serve", "make quickstart", "make run",
		"kubectl port-forward", "openssl s_server",
	}
)

// program is the first words of a command.
type program struct{ first, second string }

// programOf passes over what is set for the command only, variables and folder.
func programOf(command string) program {
	words := strings.Fields(command)
	if len(words) > 3 && words[0] == "cd" && words[2] == "&&" {
		words = words[3:]
	}
	for len(words) > 0 && isAssignment(words[0]) {
		words = words[1:]
	}
	words = append(words, "", "")
	return program{words[0], words[1]}
}

func isAssignment(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}

func (p program) matches(list []string) bool {
	return slices.Contains(list, p.first) || slices.Contains(list, p.first+" "+p.second)
}

// gateways are the programs that serve Gateways, and so want the same ports.
var gateways = []string{"kubera run", "make quickstart", "kubera-proxy run", "kubera-proxy serve"}

// Role names what there is one of at a time: a reader who starts another gateway has ended
// the one before.
func (s Step) Role() string {
	if programOf(s.Command).matches(gateways) {
		return "gateway"
	}
	return s.Program()
}

// Program is what the command of a step starts, without what it is told to do.
func (s Step) Program() string {
	p := programOf(s.Command)
	if p.matches([]string{"make quickstart"}) {
		return "kubera run" // is what it comes to
	}
	return p.first + " " + p.second
}
