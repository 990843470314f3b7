// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// rules builds configurations of one HTTPS listener that differ in how it verifies
// clients.
type rules struct {
	ca, other *certtest.CA
	address   string
	server    certtest.Pair
}

func newRules(t testing.TB) *rules {
	ca := certtest.NewCA(t, "ca")
	return &rules{ca: ca, other: certtest.NewCA(t, "other"), address: loopback.FreeAddress(t), server: ca.Issue("server", "a.test", "b.test")}
}

// with is the configuration whose bundle has the authorities; none: it does not ask.
func (r *rules) with(mode config.ClientValidationMode, authorities ...*certtest.CA) *config.Config {
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", r.server)}
	l := httpsListener("l", r.address, "", "c")
	if len(authorities) > 0 {
		l = verifying(l, mode, "ca")
		cfg.CABundles = []config.CABundle{caBundle("ca", authorities...)}
	}
	cfg.Listeners = []config.Listener{l}
	return cfg
}

// client presents a certificate of the authority.
func (r *rules) client(t testing.TB) *tls.Config {
	return &tls.Config{RootCAs: r.ca.Pool(), ServerName: "a.test", Certificates: []tls.Certificate{r.ca.Issue("client").TLS(t)}}
}

// TestSessionsDoNotCrossRules resumes whatever a listener gives out after the rule for
// its clients has changed.
func TestSessionsDoNotCrossRules(t *testing.T) {
	const require, fallback = config.ClientCertRequire, config.ClientCertInsecureFallback
	r := newRules(t)
	all := map[string]*config.Config{
		"none":         r.with(""),
		"require":      r.with(require, r.ca),
		"fallback":     r.with(fallback, r.ca),
		"another":      r.with(require, r.ca, r.other),
		"its fallback": r.with(fallback, r.ca, r.other),
	}
	pair := r.ca.Issue("client").TLS(t)
	for _, version := range versions {
		for before := range all {
			for now := range all {
				s := newSet(t, nil)
				apply(t, s, all[before])
				v := visitor{sni: "a.test", version: version, present: &pair, cache: &oneSession{}}
				v.visit(t, r.address)
				if got := v.visit(t, r.address); !got.resumed || got.status != http.StatusOK {
					t.Fatalf("%s, %s: not resumed: %+v", tls.VersionName(version), before, got)
				}
				apply(t, s, all[now])
				got := v.visit(t, r.address)
				if got.status != http.StatusOK || got.resumed != (now == before) {
					t.Errorf("%s, from %s to %s: %+v", tls.VersionName(version), before, now, got)
				}
				s.Close()
			}
		}
	}
}

// TestSessionsDoNotCrossListeners has a client without a certificate try with what it
// got from listeners that let it in, and one whose certificate another port takes.
func TestSessionsDoNotCrossListeners(t *testing.T) {
	a, b := certtest.NewCA(t, "a"), certtest.NewCA(t, "b")
	verified, byOther, open, fallback := loopback.FreeAddress(t), loopback.FreeAddress(t), loopback.FreeAddress(t), loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", a.Issue("server", "a.test"))}
	cfg.CABundles = []config.CABundle{caBundle("a", a), caBundle("b", b)}
	cfg.Listeners = []config.Listener{
		verifying(httpsListener("verified", verified, "", "c"), config.ClientCertRequire, "a"),
		verifying(httpsListener("other", byOther, "", "c"), config.ClientCertRequire, "b"),
		verifying(httpsListener("fallback", fallback, "", "c"), config.ClientCertInsecureFallback, "a"),
		httpsListener("open", open, "", "c"),
	}
	apply(t, s, cfg)
	ofB := b.Issue("client").TLS(t)
	for _, version := range versions {
		for _, tt := range []struct {
			name, from string
			present    *tls.Certificate
		}{
			{"no verification", open, nil},
			{"fallback with nothing", fallback, nil},
			{"fallback with what is not valid", fallback, &ofB},
			{"another authority", byOther, &ofB},
		} {
			v := visitor{sni: "a.test", version: version, present: tt.present, cache: &oneSession{}}
			if got := v.visit(t, tt.from); got.status != http.StatusOK {
				t.Fatalf("%s: %+v", tt.name, got)
			}
			if got := v.visit(t, verified); got.err == nil || !got.asked {
				t.Errorf("%s, %s: %+v", tls.VersionName(version), tt.name, got)
			}
		}
	}
}

// TestOpenConnectionsDoNotCrossRules: a connection that was let in by one rule is not
// served by another that might have kept it out, and is by all others.
func TestOpenConnectionsDoNotCrossRules(t *testing.T) {
	const require, fallback = config.ClientCertRequire, config.ClientCertInsecureFallback
	r := newRules(t)
	renewed := r.with(require, r.ca)
	renewed.Certificates[0] = certificate("c", r.ca.Issue("renewed", "a.test"))
	more := r.with(require, r.ca)
	more.Listeners = append(more.Listeners, verifying(httpsListener("more", r.address, "b.test", "c"), require, "ca"))
	limited := r.with(require, r.ca)
	limited.Gateways[0].Limits = &config.Limits{MaxConcurrentStreams: 7}
	reordered := r.with("", r.ca)
	reordered.CABundles = append(reordered.CABundles, caBundle("same", r.ca))
	reordered.Listeners[0].TLS.ClientValidation.CABundles = []string{"same", "ca"}
	lost := r.with("")
	lost.Listeners[0].TLS = &config.ListenerTLS{}
	unpresentable := r.with(require, r.ca)
	unpresentable.Listeners[0].TLS.Certificates = nil
	beside := r.with(require, r.ca)
	beside.Listeners = append([]config.Listener{httpsListener("beside", r.address, "b.test")}, beside.Listeners...)
	for _, tt := range []struct {
		name        string
		before, now *config.Config
		goesOn      bool
	}{
		{"nothing to verify by any more", r.with(require, r.ca), lost, false},
		{"no certificate any more, without verification", r.with(""), lost, true},
		{"no certificate any more", r.with(require, r.ca), unpresentable, true},
		{"a listener beside it is shut", r.with(require, r.ca), beside, true},
		{"switched on beside one that is shut", r.with(""), beside, false},
		{"switched on", r.with(""), r.with(require, r.ca), false},
		{"from fallback", r.with(fallback, r.ca), r.with(require, r.ca), false},
		{"another authority", r.with(require, r.ca), r.with(require, r.other), false},
		{"one more", r.with(require, r.ca), r.with(require, r.ca, r.other), false},
		{"one less", r.with(require, r.ca, r.other), r.with(require, r.ca), false},
		{"switched off", r.with(require, r.ca), r.with(""), true},
		{"to fallback", r.with(require, r.ca), r.with(fallback, r.other), true},
		{"asking only", r.with(""), r.with(fallback, r.ca), true},
		{"a certificate is renewed", r.with(require, r.ca), renewed, true},
		{"a hostname is added", r.with(require, r.ca), more, true},
		{"a limit changes", r.with(require, r.ca), limited, true},
		{"the same in other words", r.with(require, r.ca), reordered, true},
	} {
		for _, http2 := range []bool{false, true} {
			var served atomic.Int32
			s := newSet(t, func(w http.ResponseWriter, r *http.Request) {
				served.Add(1)
				fmt.Fprint(w, r.RemoteAddr)
			})
			apply(t, s, tt.before)
			var protocols http.Protocols
			protocols.SetHTTP1(!http2)
			protocols.SetHTTP2(http2)
			client := newClient(t, r.client(t), &protocols)
			first := mustGet(t, client, "https://"+r.address)
			apply(t, s, tt.now)
			second, err := get(client, "https://"+r.address)
			switch {
			case tt.goesOn && (err != nil || second != first):
				t.Errorf("%s: then %s as %q, %v; before %s", tt.name, second, second, err, first)
			case !tt.goesOn && second == first:
				t.Errorf("%s: the connection was used again", tt.name)
			}
			client.CloseIdleConnections()
			s.Close()
		}
	}
}

// TestRevocationOfConnections sees what happens on connections that are busy when the
// rule changes: the response is not cut, and nothing else is served.
func TestRevocationOfConnections(t *testing.T) {
	r := newRules(t)
	began, release := make(chan struct{}, 1), make(chan struct{})
	var served sync.Map
	s := newSet(t, func(w http.ResponseWriter, q *http.Request) {
		served.Store(q.URL.Path, true)
		if q.URL.Path != "/slow" {
			return
		}
		fmt.Fprint(w, "begin ")
		http.NewResponseController(w).Flush()
		began <- struct{}{}
		<-release
		fmt.Fprint(w, "end")
	})
	apply(t, s, r.with(""))
	// One generation more, whose connections are as old.
	limited := func(cfg *config.Config) *config.Config {
		cfg.Gateways[0].Limits = &config.Limits{MaxConcurrentStreams: 7}
		return cfg
	}
	open := func() (*tls.Conn, *bufio.Reader) {
		c, _, err := handshake(r.address, &tls.Config{ServerName: "a.test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(20 * time.Second))
		return c, bufio.NewReader(c)
	}
	older, olderReader := open()
	fmt.Fprint(older, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /older HTTP/1.1\r\nHost: x\r\n\r\n")
	<-began
	apply(t, s, limited(r.with("")))
	old, oldReader := open()
	fmt.Fprint(old, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /old HTTP/1.1\r\nHost: x\r\n\r\n")
	<-began
	idle, idleReader := open()
	fmt.Fprint(idle, "GET /idle HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := http.ReadResponse(idleReader, nil); err != nil {
		t.Fatal(err)
	}
	halfway, halfwayReader := open()
	fmt.Fprint(halfway, "GET /halfway HTTP/1.1\r\n")

	apply(t, s, limited(r.with(config.ClientCertRequire, r.ca)))
	if _, err := idleReader.ReadByte(); err != io.EOF {
		t.Errorf("the idle connection: %v", err)
	}
	fmt.Fprint(halfway, "Host: x\r\n\r\n")
	if res, err := http.ReadResponse(halfwayReader, nil); err == nil {
		res.Body.Close()
		if res.StatusCode != http.StatusMisdirectedRequest || !res.Close {
			t.Errorf("a request that was half sent: %s", res.Status)
		}
	}
	close(release)
	for _, reader := range []*bufio.Reader{olderReader, oldReader} {
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != "begin end" || err != nil {
			t.Errorf("the response under way: %q, %v", body, err)
		}
		if rest, _ := io.ReadAll(reader); len(rest) > 0 && !strings.Contains(string(rest), " 421 ") {
			t.Errorf("behind it comes %q", rest)
		}
	}
	for _, path := range []string{"/older", "/old", "/halfway"} {
		if _, ok := served.Load(path); ok {
			t.Errorf("%s was served", path)
		}
	}
	eventually(t, "the old generations are gone", func() bool { return len(s.sockets[r.address].parties()) == 1 })
}

// TestRevocationOfStreams does it in HTTP/2, where one connection has many requests.
func TestRevocationOfStreams(t *testing.T) {
	r := newRules(t)
	began, release := make(chan struct{}, 1), make(chan struct{})
	var served atomic.Int32
	s := newSet(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			began <- struct{}{}
			<-release
			fmt.Fprint(w, "end")
			return
		}
		if len(q.TLS.PeerCertificates) == 0 {
			served.Add(1)
		}
	})
	apply(t, s, r.with(""))
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	nobody := newClient(t, &tls.Config{RootCAs: r.ca.Pool(), ServerName: "a.test"}, &protocols)
	var slow string
	var slowErr error
	var wg sync.WaitGroup
	wg.Go(func() { slow, slowErr = get(nobody, "https://"+r.address+"/slow") })
	<-began
	apply(t, s, r.with(config.ClientCertRequire, r.ca))
	for range 5 {
		res, err := nobody.Get("https://" + r.address + "/")
		if err != nil {
			break // GOAWAY: the client tries another connection, and is refused there
		}
		res.Body.Close()
		if res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("on the old connection: %s", res.Status)
		}
	}
	mustGet(t, newClient(t, r.client(t), &protocols), "https://"+r.address+"/")
	close(release)
	wg.Wait()
	if slow != "end" || slowErr != nil {
		t.Errorf("the response under way: %q, %v", slow, slowErr)
	}
	if n := served.Load(); n > 0 {
		t.Errorf("%d requests of a client without a certificate were served", n)
	}
}

// TestRevocationOfHijackedConnections gives streams the time that responses have.
func TestRevocationOfHijackedConnections(t *testing.T) {
	r := newRules(t)
	s := newSet(t, func(w http.ResponseWriter, _ *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprint(c, "hijacked")
		_, _ = io.Copy(c, buffered)
	})
	apply(t, s, r.with(""))
	c, _, err := handshake(r.address, &tls.Config{ServerName: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	echo := func(text string) {
		t.Helper()
		got := make([]byte, len(text))
		if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
			t.Fatalf("read %q, %v; want %q", got, err, text)
		}
	}
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	echo("hijacked")
	apply(t, s, r.with(config.ClientCertRequire, r.ca))
	// Past the time at which nothing but the stream is left of the generation.
	for end := time.Now().Add(3 * settle); time.Now().Before(end); {
		fmt.Fprint(c, "hello")
		echo("hello")
	}
	c.CloseWrite()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the stream goes on")
	}
	eventually(t, "the old generation is gone", func() bool { return len(s.sockets[r.address].parties()) == 1 })
}
