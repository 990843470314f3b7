// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/kubera-dev/kubera/test/cluster/address"
	"github.com/kubera-dev/kubera/test/cluster/layout"
)

// Record is what is known of a cluster that was started. The cluster is up as long as
// its lock is held.
type Record struct {
	// First is the node's first process, as the machine numbers it.
	First Process
	// Block is the number of its addresses.
	Block int
	// Ready is set when the node was.
	Ready bool
}

// Addresses are those of the cluster.
func (r Record) Addresses() (address.Block, error) {
	return address.NewBlock(r.Block)
}

// Write replaces the record.
func (r Record) Write(state layout.State) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	temporary := state.Record() + ".new"
	if err := os.WriteFile(temporary, append(content, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, state.Record())
}

// Up tells whether a cluster is there, and which. One that is being started or
// ended counts, with no process if it has none yet.
func Up(state layout.State) (Record, bool, error) {
	held, err := Held(state.Lock())
	if err != nil || !held {
		return Record{}, false, err
	}
	record, err := readRecord(state)
	return record, err == nil, err
}

// readRecord returns the record of the cluster, or of the last one. Without any it
// is zero.
func readRecord(state layout.State) (Record, error) {
	content, err := os.ReadFile(state.Record())
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(content, &r); err != nil {
		return Record{}, fmt.Errorf("%s: %w", state.Record(), err)
	}
	return r, nil
}
