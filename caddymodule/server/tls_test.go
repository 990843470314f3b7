// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestTLSListenerIsChosenBySNI(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	// The names in the certificates have nothing to do with the hostnames of the
	// listeners: what a listener presents is configured, not looked up.
	cfg := plain()
	cfg.Certificates = []config.Certificate{
		certificate("exact", ca.Issue("exact")),
		certificate("wild", ca.Issue("wild", "exact.example.com")),
		certificate("deep", ca.Issue("deep")),
		certificate("any", ca.Issue("any", "exact.example.com", "*.example.com")),
	}
	cfg.Listeners = []config.Listener{
		httpsListener("exact", address, "exact.example.com", "exact"),
		httpsListener("wild", address, "*.example.com", "wild"),
		httpsListener("deep", address, "*.deep.example.com", "deep"),
		httpsListener("none", address, "none.example.com"),
		httpsListener("any", address, "", "any"),
	}
	apply(t, s, cfg)
	for sni, want := range map[string]string{
		"exact.example.com":      "exact",
		"EXACT.example.com":      "exact",
		"other.example.com":      "wild",
		"two.labels.example.com": "wild",
		"a.deep.example.com":     "deep",
		"none.example.com":       "unrecognized name",
		"example.com":            "any",
		"elsewhere.test":         "any",
		"":                       "any",
	} {
		if got := subject(t, address, sni); got != want {
			t.Errorf("SNI %q: got %s, want %s", sni, got, want)
		}
	}
}

func TestTLSRefusesSNIWithoutListener(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("c", "other.test"))}
	cfg.Listeners = []config.Listener{httpsListener("l", address, "here.test", "c")}
	apply(t, s, cfg)
	for sni, want := range map[string]string{"here.test": "c", "other.test": "unrecognized name", "": "unrecognized name"} {
		if got := subject(t, address, sni); got != want {
			t.Errorf("SNI %q: got %s, want %s", sni, got, want)
		}
	}
}

func TestTLSPrefersTheCertificateWithTheName(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{
		certificate("1", ca.Issue("nameless")),
		certificate("2", ca.Issue("a", "a.test")),
		certificate("3", ca.Issue("b", "b.test", "a.test")),
		certificate("4", ca.Issue("wildcard", "*.d.test")),
		certificate("5", ca.Issue("exact", "X.d.test")),
	}
	cfg.Listeners = []config.Listener{httpsListener("l", address, "", "1", "2", "3", "4", "5")}
	apply(t, s, cfg)
	for sni, want := range map[string]string{
		"a.test": "a", "b.test": "b", "c.test": "nameless", "": "nameless",
		// "The GatewayClass MUST use the longest matching SNI out of all available
		// certificates for any TLS handshake" (Listener.tls).
		"x.d.test": "exact", "y.d.test": "wildcard", "d.test": "nameless",
	} {
		if got := subject(t, address, sni); got != want {
			t.Errorf("SNI %q: got %s, want %s", sni, got, want)
		}
	}
}

func TestTLSPresentsWhatTheClientCanUse(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{
		certificate("1", ca.Issue("ecdsa", "here.test")),
		certificate("2", ca.IssueRSA("rsa", "here.test")),
		certificate("3", ca.Issue("other ecdsa")),
	}
	cfg.Listeners = []config.Listener{
		httpsListener("l", address, "here.test", "1", "2"),
		httpsListener("ecdsa", address, "ecdsa.test", "3"),
	}
	apply(t, s, cfg)
	for _, tc := range []struct {
		sni   string
		suite uint16
		want  string
	}{
		{"here.test", tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ecdsa"},
		{"here.test", tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "rsa"},
		{"ecdsa.test", tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "other ecdsa"},
		{"ecdsa.test", tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "unrecognized name"},
	} {
		conn, leaf, err := handshake(address, &tls.Config{
			ServerName: tc.sni, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tc.suite},
		})
		got := ""
		if err != nil {
			got = refused(err)
		} else {
			got = leaf.Subject.CommonName
			conn.Close()
		}
		if got != tc.want {
			t.Errorf("%s with %s: got %s, want %s", tc.sni, tls.CipherSuiteName(tc.suite), got, tc.want)
		}
	}
}

func TestTLSNegotiatesHTTP2(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("c", "here.test"))}
	cfg.Listeners = []config.Listener{httpsListener("l", address, "here.test", "c")}
	apply(t, s, cfg)
	for _, http2 := range []bool{true, false} {
		var protocols http.Protocols
		protocols.SetHTTP2(http2)
		protocols.SetHTTP1(!http2)
		client := newClient(t, &tls.Config{RootCAs: ca.Pool(), ServerName: "here.test"}, &protocols)
		want := map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[http2]
		if got := mustGet(t, client, "https://"+address); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTLSRefusesOldVersions(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("c"))}
	cfg.Listeners = []config.Listener{httpsListener("l", address, "", "c")}
	apply(t, s, cfg)
	conn, _, err := handshake(address, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		conn.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

// request sends a request and says whether the session was resumed.
func request(t *testing.T, address string, cfg *tls.Config) (resumed bool) {
	t.Helper()
	conn, _, err := handshake(address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The ticket of TLS 1.3 comes with the first answer.
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return conn.ConnectionState().DidResume
}

func TestTLSSessionsSurviveChangesButNotAnotherListener(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			ca := certtest.NewCA(t, "ca")
			address := loopback.FreeAddress(t)
			s := newSet(t, nil)
			build := func(pair certtest.Pair) *config.Config {
				cfg := plain()
				cfg.Certificates = []config.Certificate{certificate("c", pair)}
				cfg.Listeners = []config.Listener{
					httpsListener("a", address, "a.test", "c"),
					httpsListener("b", address, "b.test", "c"),
				}
				return cfg
			}
			pair := ca.Issue("both", "a.test", "b.test")
			apply(t, s, build(pair))

			// One cache entry whatever the name, as a client that shares sessions
			// among names that a certificate covers.
			cache := &oneSession{}
			client := func(sni string) *tls.Config {
				return &tls.Config{ServerName: sni, ClientSessionCache: cache, MaxVersion: version}
			}
			if request(t, address, client("a.test")) {
				t.Fatal("resumed from nothing")
			}
			if !request(t, address, client("a.test")) {
				t.Error("not resumed with the same listener")
			}
			apply(t, s, build(pair))
			if !request(t, address, client("a.test")) {
				t.Error("not resumed after an unrelated change")
			}
			apply(t, s, build(ca.Issue("renewed", "a.test", "b.test")))
			if !request(t, address, client("a.test")) {
				t.Error("not resumed after a renewal of the certificate")
			}
			if request(t, address, client("b.test")) {
				t.Error("a session of one listener was resumed with another")
			}
			if request(t, address, client("a.test")) { // the session is one of b now
				t.Error("a session of one listener was resumed with another")
			}
			s.rotateTicketKeys()
			if !request(t, address, client("a.test")) {
				t.Error("not resumed after a rotation of the keys")
			}
			cache.session = nil
			request(t, address, client("a.test"))
			for range ticketKeysKept {
				s.rotateTicketKeys()
			}
			if request(t, address, client("a.test")) {
				t.Error("resumed with a key that is out of use")
			}
		})
	}
}

// oneSession is a tls.ClientSessionCache that has the last session for every key.
type oneSession struct{ session *tls.ClientSessionState }

func (c *oneSession) Get(string) (*tls.ClientSessionState, bool) { return c.session, c.session != nil }
func (c *oneSession) Put(_ string, s *tls.ClientSessionState)    { c.session = s }

func TestTLSCertificateChangeKeepsConnections(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	build := func(name string) *config.Config {
		cfg := plain()
		cfg.Certificates = []config.Certificate{certificate("c", ca.Issue(name, "here.test"))}
		cfg.Listeners = []config.Listener{httpsListener("l", address, "here.test", "c")}
		return cfg
	}
	apply(t, s, build("old"))
	conn, leaf, err := handshake(address, &tls.Config{ServerName: "here.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for i, name := range []string{"new", "newer"} {
		apply(t, s, build(name))
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: here.test\r\n\r\n")
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("the connection from before change %d: %v", i, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if got := subject(t, address, "here.test"); got != name {
			t.Errorf("a new connection got certificate %s, want %s", got, name)
		}
	}
	if leaf.Subject.CommonName != "old" {
		t.Errorf("the first certificate was %s", leaf.Subject.CommonName)
	}
}

func TestTLSRefusesBadCertificates(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	a, b := ca.Issue("a"), ca.Issue("b")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{{ID: "Secret/test/c", Chain: string(a.Cert), Key: string(b.Key)}}
	cfg.Listeners = []config.Listener{httpsListener("l", address, "", "Secret/test/c")}
	_, err := s.Prepare(cfg)
	refusal, ok := err.(*config.Refusal)
	if !ok || refusal.Object != "Secret/test/c" {
		t.Errorf("got %v, want a refusal of the certificate", err)
	}
	cfg.Certificates = nil
	_, err = s.Prepare(cfg)
	refusal, ok = err.(*config.Refusal)
	if !ok || refusal.Object != "test/gw/l" {
		t.Errorf("got %v, want a refusal of the listener", err)
	}
}

func TestTLSLosesNothingWhileCertificatesChange(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	build := func(n int) *config.Config {
		cfg := plain()
		cfg.Certificates = []config.Certificate{certificate("c", ca.Issue(fmt.Sprint(n), "here.test"))}
		cfg.Listeners = []config.Listener{httpsListener("l", address, "here.test", "c")}
		return cfg
	}
	apply(t, s, build(0))
	stop := make(chan struct{})
	var sent, failed atomic.Int64
	var wg sync.WaitGroup
	for i := range 6 {
		var protocols http.Protocols
		protocols.SetHTTP2(i%3 == 0)
		protocols.SetHTTP1(i%3 != 0)
		client := newClient(t, &tls.Config{RootCAs: ca.Pool(), ServerName: "here.test"}, &protocols)
		client.Transport.(*http.Transport).DisableKeepAlives = i%3 == 1
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sent.Add(1)
				if _, err := get(client, "https://"+address); err != nil {
					failed.Add(1)
					t.Error(err)
				}
			}
		})
	}
	for n := range 50 {
		apply(t, s, build(n))
		want := fmt.Sprint(n)
		if got := subject(t, address, "here.test"); got != want {
			t.Errorf("certificate %s is presented, want %s", got, want)
		}
	}
	close(stop)
	wg.Wait()
	if sent.Load() == 0 || failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
	}
}
