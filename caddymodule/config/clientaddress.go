// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"net/textproto"
)

// ValidateHeader checks Header: the name of a field that can carry an address, and
// no ProxyProtocol beside it. Whoever takes a ClientAddress from users calls it
// early, as a Config with one that is wrong is refused whole.
func (a *ClientAddress) ValidateHeader() error {
	switch {
	case a.Header == "":
		return nil
	case a.ProxyProtocol:
		return errors.New("excludes proxy_protocol: remove one of them")
	case !isToken(a.Header):
		return fmt.Errorf("%q is not the name of a header field", a.Header)
	}
	// From peers that are not trusted the field is overwritten, which these would
	// not survive.
	switch textproto.CanonicalMIMEHeaderKey(a.Header) {
	case "Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return fmt.Errorf("%s can't carry an address: it frames the message", a.Header)
	}
	return nil
}
