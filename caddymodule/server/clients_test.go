// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// verifying is a listener like httpsListener that verifies clients.
func verifying(l config.Listener, mode config.ClientValidationMode, bundles ...string) config.Listener {
	l.TLS.ClientValidation = &config.ClientValidation{CABundles: bundles, Mode: mode}
	return l
}

func caBundle(id string, cas ...*certtest.CA) config.CABundle {
	b := config.CABundle{ID: id}
	for _, ca := range cas {
		b.Certificates += string(ca.PEM)
	}
	return b
}

// versions are those of TLS that listeners speak.
var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

// visit is what a client saw of a listener.
type visit struct {
	asked   bool // for a certificate
	resumed bool
	status  int
	err     error // of the handshake, or of what came after it
}

// visitor is a client that presents a certificate to whoever asks for one.
type visitor struct {
	sni     string
	version uint16
	present *tls.Certificate
	cache   tls.ClientSessionCache
}

// visit sends a request over a connection of its own. In TLS 1.3 a client learns only
// by reading that it was refused.
func (v visitor) visit(t testing.TB, address string) (seen visit) {
	t.Helper()
	cfg := &tls.Config{
		ServerName: v.sni, MinVersion: v.version, MaxVersion: v.version, ClientSessionCache: v.cache,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			seen.asked = true
			if v.present == nil {
				return &tls.Certificate{}, nil
			}
			return v.present, nil
		},
	}
	conn, _, err := handshake(address, cfg)
	if err != nil {
		seen.err = err
		return seen
	}
	defer conn.Close()
	seen.resumed = conn.ConnectionState().DidResume
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		seen.err = err
		return seen
	}
	_, seen.err = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	seen.status = res.StatusCode
	return seen
}

func TestClientsAreVerified(t *testing.T) {
	ca, other := certtest.NewCA(t, "ca"), certtest.NewCA(t, "ca")
	second := certtest.NewCA(t, "second")
	yesterday := time.Now().Add(-24 * time.Hour)
	like := func(template x509.Certificate) *tls.Certificate {
		c := ca.IssueLike(template).TLS(t)
		return &c
	}
	issued := func(ca *certtest.CA) *tls.Certificate {
		c := ca.Issue("client").TLS(t) // with no subject alternative name
		return &c
	}
	valid := issued(ca)
	stolen := *valid // without its key
	stolen.PrivateKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	address, fallback, plain := loopback.FreeAddress(t), loopback.FreeAddress(t), loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := config.Config{Gateways: []config.Gateway{{ID: "test/gw"}}}
	cfg.Certificates = []config.Certificate{certificate("c", other.Issue("server"))}
	cfg.CABundles = []config.CABundle{caBundle("ca", ca), caBundle("second", second)}
	cfg.Listeners = []config.Listener{
		verifying(httpsListener("verified", address, "", "c"), "", "ca", "second"),
		verifying(httpsListener("fallback", fallback, "", "c"), config.ClientCertInsecureFallback, "ca"),
		httpsListener("plain", plain, "", "c"),
	}
	apply(t, s, &cfg)
	for _, tt := range []struct {
		name    string
		present *tls.Certificate
		valid   bool
	}{
		{"valid", valid, true},
		{"of the second bundle", issued(second), true},
		{"for clients only", like(x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}), true},
		{"none", nil, false},
		{"of another authority with the name", issued(other), false},
		{"expired", like(x509.Certificate{NotBefore: yesterday, NotAfter: yesterday.Add(time.Hour)}), false},
		{"not valid yet", like(x509.Certificate{NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}), false},
		{"for servers only", like(x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}), false},
		{"signed by a client", selfIssued(t, valid), false},
	} {
		for _, version := range versions {
			v := visitor{version: version, present: tt.present}
			got := v.visit(t, address)
			if !got.asked || (got.status == http.StatusOK) != tt.valid {
				t.Errorf("%s, %s: %+v", tt.name, tls.VersionName(version), got)
			}
			if !tt.valid && (got.err == nil || !strings.Contains(got.err.Error(), "remote error: tls: ")) {
				t.Errorf("%s, %s: refused with %v", tt.name, tls.VersionName(version), got.err)
			}
			// These let everybody in, and only one asks.
			if got := v.visit(t, fallback); !got.asked || got.status != http.StatusOK {
				t.Errorf("%s, %s, fallback: %+v", tt.name, tls.VersionName(version), got)
			}
			if got := v.visit(t, plain); got.asked || got.status != http.StatusOK {
				t.Errorf("%s, %s, without verification: %+v", tt.name, tls.VersionName(version), got)
			}
		}
	}
	for _, version := range versions {
		if got := (visitor{version: version, present: &stolen}).visit(t, address); got.err == nil {
			t.Errorf("%s: a certificate was taken without its key", tls.VersionName(version))
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// selfIssued is a certificate that the holder of another has made, which is no
// authority.
func selfIssued(t testing.TB, by *tls.Certificate) *tls.Certificate {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: by.Leaf.SerialNumber, Subject: pkix.Name{CommonName: "forged"},
		NotBefore: by.Leaf.NotBefore, NotAfter: by.Leaf.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, by.Leaf, key.Public(), by.PrivateKey))
	return &tls.Certificate{Certificate: [][]byte{der, by.Certificate[0]}, PrivateKey: key}
}

// TestClientsAreToldTheAuthorities is for those that choose a certificate by that.
func TestClientsAreToldTheAuthorities(t *testing.T) {
	ca := certtest.NewCA(t, "the authority")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	for _, mode := range []config.ClientValidationMode{config.ClientCertRequire, config.ClientCertInsecureFallback} {
		cfg := plain()
		cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("server"))}
		cfg.CABundles = []config.CABundle{caBundle("ca", ca)}
		cfg.Listeners = []config.Listener{verifying(httpsListener("l", address, "", "c"), mode, "ca")}
		apply(t, s, cfg)
		for _, version := range versions {
			var names [][]byte
			conn, _, err := handshake(address, &tls.Config{
				MaxVersion: version,
				GetClientCertificate: func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
					names = info.AcceptableCAs
					c := ca.Issue("client").TLS(t)
					return &c, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if len(names) != 1 || !strings.Contains(string(names[0]), "the authority") {
				t.Errorf("%s, %s: %q", mode, tls.VersionName(version), names)
			}
		}
	}
}

// TestClientsOfPorts has two ports that verify by different authorities, as the
// conformance test GatewayFrontendClientCertificateValidation has.
func TestClientsOfPorts(t *testing.T) {
	a, b := certtest.NewCA(t, "a"), certtest.NewCA(t, "b")
	ports := map[*certtest.CA]string{a: loopback.FreeAddress(t), b: loopback.FreeAddress(t)}
	s := newSet(t, nil)
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", a.Issue("server"))}
	cfg.CABundles = []config.CABundle{caBundle("a", a), caBundle("b", b)}
	cfg.Listeners = []config.Listener{
		verifying(httpsListener("a", ports[a], "", "c"), config.ClientCertRequire, "a"),
		verifying(httpsListener("b", ports[b], "", "c"), config.ClientCertRequire, "b"),
	}
	apply(t, s, cfg)
	for _, version := range versions {
		for of, address := range ports {
			for _, ca := range []*certtest.CA{a, b} {
				pair := ca.Issue("client").TLS(t)
				got := visitor{version: version, present: &pair}.visit(t, address)
				if (got.err == nil) != (ca == of) || !got.asked {
					t.Errorf("%s: %+v, want it to be let in: %v", tls.VersionName(version), got, ca == of)
				}
			}
		}
	}
}

func TestClientsOfListenersWithoutCertificate(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain()
	cfg.CABundles = []config.CABundle{caBundle("ca", ca)}
	cfg.Listeners = []config.Listener{verifying(httpsListener("l", address, ""), config.ClientCertInsecureFallback, "ca")}
	apply(t, s, cfg)
	if got := subject(t, address, "a.test"); got != "unrecognized name" {
		t.Errorf("got %s, want the handshake to be refused", got)
	}
}

func TestClientValidationIsRefused(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	s := newSet(t, nil)
	for want, bundle := range map[string]config.CABundle{
		`test/gw/l: tls.client_validation.ca_bundles[0]: there is no CA bundle "ca"`: caBundle("other", ca),
		`ca: certificates: there is no PEM block of type CERTIFICATE`:                {ID: "ca", Certificates: "x"},
	} {
		cfg := plain()
		cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("server"))}
		cfg.CABundles = []config.CABundle{bundle}
		cfg.Listeners = []config.Listener{verifying(httpsListener("l", loopback.FreeAddress(t), "", "c"), "", "ca")}
		_, err := s.Prepare(cfg)
		var refusal *config.Refusal
		if !errors.As(err, &refusal) || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestAdmissions compares rules by what they let in.
func TestAdmissions(t *testing.T) {
	a, b := certtest.NewCA(t, "a"), certtest.NewCA(t, "b")
	cfg := plain()
	cfg.CABundles = []config.CABundle{
		caBundle("a", a), caBundle("b", b), caBundle("ba", b, a), caBundle("aa", a, a),
		{ID: "commented", Certificates: "issued by a\n" + string(a.PEM)},
	}
	rule := func(mode config.ClientValidationMode, ids ...string) admission {
		t.Helper()
		cfg.Listeners = []config.Listener{verifying(httpsListener("l", ":1", ""), mode, ids...)}
		all, err := bundles(nil).next(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r, err := all.rule(&cfg.Listeners[0])
		if err != nil {
			t.Fatal(err)
		}
		return r.admits()
	}
	const require, fallback = config.ClientCertRequire, config.ClientCertInsecureFallback
	none := admission{}
	for _, same := range [][2]admission{
		{rule("", "a"), rule(require, "a")},
		{rule(require, "a", "b"), rule(require, "b", "a")},
		{rule(require, "a", "b"), rule(require, "ba")},
		{rule(require, "a"), rule(require, "aa")},
		{rule(require, "a"), rule(require, "commented")},
	} {
		if same[0] != same[1] {
			t.Errorf("%v and %v differ", same[0], same[1])
		}
	}
	for _, tt := range []struct {
		now, before admission
		covers      bool
	}{
		{none, rule(require, "a"), true},
		{rule(fallback, "a"), none, true},
		{rule(fallback, "a"), rule(require, "b"), true},
		{rule(require, "a"), rule(require, "a"), true},
		{rule(require, "a"), none, false},
		{rule(require, "a"), rule(fallback, "a"), false},
		{rule(require, "a"), rule(require, "b"), false},
		{rule(require, "a"), rule(require, "ba"), false},
		{rule(require, "ba"), rule(require, "a"), false},
		{admission{mode: nobody}, none, true},
		{admission{mode: nobody}, rule(fallback, "a"), true},
		{admission{mode: nobody}, rule(require, "a"), false},
		{rule(require, "a"), admission{mode: nobody}, false},
	} {
		if got := tt.now.covers(tt.before); got != tt.covers {
			t.Errorf("%v covers %v: %v", tt.now, tt.before, got)
		}
	}
}
