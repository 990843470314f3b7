// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package script makes of a page what a reader does who follows it: commands to run, files
// to write, output to see, one after the other.
//
// Blocks of the language console have lines that begin with "$ ", which are commands, and
// what these print. A block without such a line is what the program printed that still runs
// in the reader's terminal. Blocks of the language sh have commands only. Comments of the
// page say the rest:
//
//	<!-- cluster -->        before everything: the page is about the test cluster
//	<!-- cluster: empty --> the same, and Kubera is not there at the beginning
//	<!-- cluster -->        before a block: its commands are for the test cluster
//	<!-- file: PATH -->     before a block: it is what the reader writes into a file
//	<!-- run: COMMAND -->   before a block: what the reader does that the text says in words
//	<!-- elsewhere: make TARGET --> before a block: another test runs its commands
//	<!-- not run: WHY -->   before a block: its commands can't be run by a test
package script
