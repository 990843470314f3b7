// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"

// TestNoRequestIsSmuggled sends requests that servers have understood in
// different ways. Whatever the proxy makes of them, the backend never sees a
// request for what is forbidden, sees no message of two lengths, and answers
// nobody with the answer of another.
func TestNoRequestIsSmuggled(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, forbidding("/smuggled")))
	chunks := "0\r\n\r\n" + smuggled
	post := func(fields, body string) string {
		return "POST /post HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n" + body
	}
	for name, tt := range map[string]struct {
		request string
		want    string // statuses of the answers
	}{
		"both lengths":             {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks), "200 403 200"},
		"both lengths, other way":  {post("Transfer-Encoding: chunked\r\nContent-Length: 500\r\n", chunks), "200 403 200"},
		"chunked, identity":        {post("Content-Length: 5\r\nTransfer-Encoding: chunked , identity\r\n", chunks), "501"},
		"identity, chunked":        {post("Content-Length: 5\r\nTransfer-Encoding: identity, chunked\r\n", chunks), "501"},
		"gzip, chunked":            {post("Transfer-Encoding: gzip, chunked\r\n", chunks), "501"},
		"chunked twice":            {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks), "501"},
		"chunked and identity":     {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunks), "501"},
		"xchunked":                 {post("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", chunks), "501"},
		"vertical tab":             {post("Content-Length: 5\r\nTransfer-Encoding: \vchunked\r\n", chunks), "400"},
		"NUL":                      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\x00\r\n", chunks), "400"},
		"quoted":                   {post("Content-Length: 5\r\nTransfer-Encoding: \"chunked\"\r\n", chunks), "501"},
		"empty coding":             {post("Content-Length: 5\r\nTransfer-Encoding:\r\n", chunks), "501"},
		"blank before the colon":   {post("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", chunks), "400"},
		"blank in the name":        {post("Content-Length: 5\r\nTransfer Encoding: chunked\r\n", chunks), "400"},
		"length with blank":        {post("Content-Length : 5\r\n", "hello"+smuggled), "400"},
		"folded coding":            {post("Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n", chunks), "200 403 200"},
		"folded second coding":     {post("Transfer-Encoding: chunked\r\n\tidentity\r\n", chunks), "501"},
		"folded first field":       {"POST /post HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: a.example\r\n\r\n" + chunks, "400"},
		"CR in a value":            {post("X: y\rTransfer-Encoding: chunked\r\n", smuggled), "400"},
		"bare LF":                  {post("Content-Length: 5\nTransfer-Encoding: chunked\n", chunks), "200 403 200"},
		"underscore":               {post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "0\r\n\r\n"), "200 200"},
		"two lengths":              {post("Content-Length: 5\r\nContent-Length: 50\r\n", "hello"+smuggled), "400"},
		"list of lengths":          {post("Content-Length: 5, 50\r\n", "hello"+smuggled), "400"},
		"list of equal lengths":    {post("Content-Length: 5, 5\r\n", "hello"+smuggled), "400"},
		"length twice":             {post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "200 200"},
		"length with sign":         {post("Content-Length: +5\r\n", "hello"+smuggled), "400"},
		"negative length":          {post("Content-Length: -5\r\n", smuggled), "400"},
		"length in hex":            {post("Content-Length: 0x5\r\n", "hello"+smuggled), "400"},
		"length of text":           {post("Content-Length: five\r\n", "hello"+smuggled), "400"},
		"length overflows":         {post("Content-Length: 18446744073709551621\r\n", "hello"+smuggled), "400"},
		"empty length":             {post("Content-Length:\r\n", smuggled), "400"},
		"space within length":      {post("Content-Length: 1 0\r\n", "hello"+smuggled), "400"},
		"GET with a body":          {"GET /get HTTP/1.1\r\nHost: a.example\r\nContent-Length: 45\r\n\r\n" + smuggled + "x", "200 200"},
		"HEAD with a body":         {"DELETE /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "200 403 200"},
		"negative chunk":           {post("Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n"+chunks), "400"},
		"chunk in 0x":              {post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n"+chunks), "400"},
		"chunk overflows":          {post("Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n"+chunks), "400"},
		"empty chunk size":         {post("Transfer-Encoding: chunked\r\n", "\r\nhello\r\n"+chunks), "400"},
		"chunk is longer":          {post("Transfer-Encoding: chunked\r\n", "3\r\nhello\r\n"+chunks), "400"},
		"chunk ends in LF":         {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\n"+chunks), "400"},
		"chunk extension":          {post("Transfer-Encoding: chunked\r\n", "5;a=\"b\"\r\nhello\r\n"+chunks), "200 403 200"},
		"LF in an extension":       {post("Transfer-Encoding: chunked\r\n", "5;a\nhello\r\n"+chunks), "400"},
		"CR in an extension":       {post("Transfer-Encoding: chunked\r\n", "5;a\rb\r\nhello\r\n"+chunks), "400"},
		"endless extension":        {post("Transfer-Encoding: chunked\r\n", "5;"+strings.Repeat("a", 10_000)+"\r\nhello\r\n"+chunks), "400"},
		"body behind a refusal":    {"POST /smuggled HTTP/1.1\r\nHost: a.example\r\nContent-Length: 45\r\n\r\n" + smuggled + "x", "403 200"},
		"body behind an upgrade":   {"GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + smuggled, "200 403 200"},
		"expectation of nonsense":  {post("Expect: 200-fine\r\nContent-Length: 5\r\n", "hello"+smuggled), "417"},
		"HTTP/1.0 with a coding":   {"POST /post HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "200 400"},
		"HTTP/0.9":                 {"GET /x\r\n\r\n" + smuggled, "400"},
		"HTTP/2.0 in HTTP/1":       {"GET /x HTTP/2.0\r\nHost: a.example\r\n\r\n" + smuggled, "505"},
		"HTTP/1.10":                {"GET /x HTTP/1.10\r\nHost: a.example\r\n\r\n" + smuggled, "400"},
		"blanks in the line":       {"GET  /x HTTP/1.1\r\nHost: a.example\r\n\r\n" + smuggled, "400"},
		"four words in the line":   {"GET /x /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n" + smuggled, "400"},
		"tab in the line":          {"GET\t/smuggled\tHTTP/1.1\r\nHost: a.example\r\n\r\n" + smuggled, "400"},
		"method is no token":       {"GE(T /x HTTP/1.1\r\nHost: a.example\r\n\r\n" + smuggled, "400"},
		"two hosts":                {"GET /x HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n" + smuggled, "400"},
		"no colon":                 {"GET /x HTTP/1.1\r\nHost: a.example\r\nsmuggled\r\n\r\n" + smuggled, "400"},
		"empty name":               {"GET /x HTTP/1.1\r\nHost: a.example\r\n: smuggled\r\n\r\n" + smuggled, "400"},
		"name is no token":         {"GET /x HTTP/1.1\r\nHost: a.example\r\nX(Y): smuggled\r\n\r\n" + smuggled, "400"},
		"empty lines in front":     {"\r\n\r\nGET /x HTTP/1.1\r\nHost: a.example\r\n\r\n", "400"},
		"one empty line in front":  {"\r\nGET /x HTTP/1.1\r\nHost: a.example\r\n\r\n", "400"},
		"hop-by-hop framing":       {post("Connection: Content-Length, Transfer-Encoding, Host\r\nContent-Length: 5\r\n", "hello"), "200 200"},
		"hop-by-hop framing twice": {post("Connection: close, keep-alive, Content-Length\r\nContent-Length: 5\r\n", "hello"+smuggled), "200"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, gw.address)
			c.send(tt.request + "GET /after HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
			answers := c.answers()
			var got []string
			for _, a := range answers {
				got = append(got, fmt.Sprint(a.StatusCode))
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("answers %q, want %q", text, tt.want)
			}
			checkAnswers(t, app, answers)

			// The connections to the backend that are left in the pool are clean.
			for i := range 3 {
				c := dial(t, gw.address)
				c.send(fmt.Sprintf("GET /clean%d HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n", i))
				if a, want := c.mustNext("GET"), fmt.Sprintf("GET /clean%d HTTP/1.1|", i); a.body != want {
					t.Errorf("answer %q, want %q", a.body, want)
				}
			}
			app.take()
		})
	}
}

// checkAnswers compares what the backend has read with what came of it.
func checkAnswers(t *testing.T, app *recorder, answers []answer) {
	t.Helper()
	messages, broken := app.take()
	i := 0
	for _, a := range answers {
		if a.StatusCode != 200 {
			continue
		}
		if i == len(messages) {
			t.Errorf("answer %q, and the backend read nothing", a.body)
			return
		}
		if want := messages[i].line + "|" + messages[i].body; a.body != want {
			t.Errorf("answer %q, want %q", a.body, want)
		}
		i++
	}
	for _, m := range messages {
		if fault := m.fault(); fault != "" {
			t.Errorf("the backend read %q: %s", m.line, fault)
		}
		if strings.Contains(m.line, "smuggled") {
			t.Errorf("the backend read %q", m.line)
		}
	}
	if len(messages) > i {
		t.Errorf("%d answers of the backend, %d came", len(messages), i)
	}
	for _, line := range broken {
		if strings.Contains(line, "smuggled") {
			t.Errorf("the backend read %q", line)
		}
	}
}

// TestEndlessChunk begins a chunk that has no end in this life, and leaves.
func TestEndlessChunk(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address))
	c := dial(t, gw.address)
	c.send("POST /post HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff0\r\n" + smuggled)
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if a, err := c.next("POST"); err == nil && a.StatusCode != 400 {
		t.Error(a.Status)
	}
	await(t, "the end of the request at the backend", func() bool {
		messages, broken := app.take()
		if len(messages) > 0 {
			t.Errorf("the backend read %+v", messages)
		}
		return len(broken) == 1
	})
}

// TestTrailersThatMislead have names of fields that frame or route a message.
func TestTrailersThatMislead(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address))
	for name, tt := range map[string]struct {
		announced, trailer string
		want               string // of the trailers that the backend reads
	}{
		"harmless":               {"X-Sum", "X-Sum: 1", "X-Sum: 1"},
		"not announced":          {"", "X-Sum: 1", "X-Sum: 1"},
		"length":                 {"", "Content-Length: 50", ""},
		"coding":                 {"X-Sum", "Transfer-Encoding: chunked\r\nX-Sum: 1", "X-Sum: 1"},
		"host":                   {"Host", "Host: b.example", ""},
		"connection":             {"Connection", "Connection: X-Sum\r\nX-Sum: 1", ""},
		"authority":              {"", "Authorization: Basic x\r\nCookie: x=1", ""},
		"client":                 {"X-Forwarded-For", "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nX-Forwarded-Proto: https", ""},
		"blank before the colon": {"X-Sum", "Content-Length : 50\r\nX-Sum: 1", "X-Sum: 1"},
		"blank in the name":      {"", "GET /smuggled HTTP/1.1 X: 1", "refused"},
		"CR in the value":        {"X-Sum", "X-Sum: 1\rContent-Length: 50", "refused"},
		"NUL in the value":       {"X-Sum", "X-Sum: 1\x00", "refused"},
		"folded":                 {"X-Sum", "X-Sum: 1\r\n Content-Length: 50", "X-Sum: 1 Content-Length: 50"},
		"announced length":       {"Content-Length", "X-Sum: 1", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, gw.address)
			announce := ""
			if tt.announced != "" {
				announce = "Trailer: " + tt.announced + "\r\n"
			}
			c.send("POST /post HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" + announce +
				"\r\n5\r\nhello\r\n0\r\n" + tt.trailer + "\r\n\r\n")
			a := c.mustNext("POST")
			if (a.StatusCode == 400) != (tt.want == "refused") {
				t.Errorf("%s", a.Status)
			}
			messages, _ := app.take()
			if tt.want == "refused" {
				if len(messages) > 0 {
					t.Errorf("the backend read %+v", messages)
				}
				return
			}
			if len(messages) != 1 {
				t.Fatalf("the backend read %+v", messages)
			}
			if got := strings.Join(messages[0].trailer, ", "); got != tt.want || messages[0].fault() != "" {
				t.Errorf("the backend read trailers %q, want %q; %s", got, tt.want, messages[0].fault())
			}
		})
	}
}
