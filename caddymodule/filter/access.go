// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"fmt"
	"net/http"

	"github.com/kubera-dev/kubera/caddymodule/addrset"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

// accessControl answers 403 to clients that are not let in.
type accessControl struct {
	deny, allow addrset.Set
	// restricted means that only allow is let in.
	restricted bool
}

// forbidden is the answer to clients that are kept out.
var forbidden = Answer{Status: http.StatusForbidden, Error: true}

func newAccessControl(a config.AccessControl) (*accessControl, error) {
	deny, i, err := addrset.Parse(a.Deny)
	if err != nil {
		return nil, fmt.Errorf("access_control.deny[%d]: %w", i, err)
	}
	allow, i, err := addrset.Parse(a.Allow)
	if err != nil {
		return nil, fmt.Errorf("access_control.allow[%d]: %w", i, err)
	}
	return &accessControl{deny: deny, allow: allow, restricted: len(a.Allow) > 0}, nil
}

// apply fails closed: a client whose address is not known is kept out.
func (a *accessControl) apply(ctx *Context) *Answer {
	if !ctx.Client.IsValid() || a.deny.Contains(ctx.Client) || a.restricted && !a.allow.Contains(ctx.Client) {
		return &forbidden
	}
	return nil
}
