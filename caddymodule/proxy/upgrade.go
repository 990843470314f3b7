// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// upgrade answers 101 and joins the two connections until both have closed.
func (x *exchange) upgrade(resp *upstream.Response) {
	client, buffered, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		clear(x.w.Header())
		x.refuse(http.StatusBadGateway, "the connection can't change its protocol")
		return
	}
	x.status = resp.Status
	x.err = resp.Tunnel(upstream.Client{
		Conn: client, Head: switchingHead(resp), Early: early(buffered),
	}, &x.engine.streams)
}

// switchingHead is the response that net/http doesn't write on a hijacked
// connection.
func switchingHead(resp *upstream.Response) []byte {
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + resp.Upgrade + "\r\n")
	_ = resp.Header.Write(&head) // to memory
	head.WriteString("\r\n")
	return head.Bytes()
}

// early is what the client has sent behind its request.
func early(buffered *bufio.ReadWriter) []byte {
	p, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	return p
}

// upgradeType is the protocol that a request asks to switch to, or "". An upgrade
// to HTTP/2 is none: in that tunnel further requests could reach the backend past
// all rules and filters.
func upgradeType(h http.Header) string {
	up, ok := h["Upgrade"]
	if !ok || len(up) != 1 || strings.Contains(strings.ToLower(up[0]), "h2c") {
		return ""
	}
	for _, v := range h["Connection"] {
		for option := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(option), "upgrade") {
				return up[0]
			}
		}
	}
	return ""
}
