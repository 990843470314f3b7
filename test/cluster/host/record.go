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

// Record is what is known of a cluster that was started. It is true as long as the
// lock of the cluster is held.
type Record struct {
	// PID is the node's first process, as the machine numbers it.
	PID int
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
// ended counts, with no PID if it has none yet.
func Up(state layout.State) (Record, bool, error) {
	held, err := Held(state.Lock())
	if err != nil || !held {
		return Record{}, false, err
	}
	content, err := os.ReadFile(state.Record())
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, true, nil
	}
	if err != nil {
		return Record{}, false, err
	}
	var r Record
	if err := json.Unmarshal(content, &r); err != nil {
		return Record{}, false, fmt.Errorf("%s: %w", state.Record(), err)
	}
	return r, true, nil
}
