// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"errors"
	"sync"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// TestKeysTellIdentitiesApart changes one thing at a time.
func TestKeysTellIdentitiesApart(t *testing.T) {
	ca, other := certtest.NewCA(t, "ca"), certtest.NewCA(t, "ca")
	pair := ca.Issue("proxy")
	a := &config.CABundle{ID: "a", Certificates: string(ca.PEM)}
	b := &config.CABundle{ID: "b", Certificates: string(other.PEM)}
	full := func() *Identity {
		return &Identity{
			ServerName:      serverName,
			SubjectAltNames: []config.SubjectAltName{{DNS: "a.test"}, {URI: "spiffe://b"}},
			Roots:           NewRoots(a),
			Client:          clientCertificate(t, pair),
		}
	}
	seen := map[Key]string{}
	for name, change := range map[string]func(*Identity){
		"all":               func(*Identity) {},
		"name":              func(i *Identity) { i.ServerName = "other.example.com" },
		"no SAN":            func(i *Identity) { i.SubjectAltNames = nil },
		"one SAN":           func(i *Identity) { i.SubjectAltNames = i.SubjectAltNames[:1] },
		"SAN":               func(i *Identity) { i.SubjectAltNames[0].DNS = "b.test" },
		"kind of SAN":       func(i *Identity) { i.SubjectAltNames[0] = config.SubjectAltName{URI: "a.test"} },
		"CA":                func(i *Identity) { i.Roots = NewRoots(b) },
		"one more CA":       func(i *Identity) { i.Roots = NewRoots(a, b) },
		"CAs of the system": func(i *Identity) { i.Roots = nil },
		"no CA":             func(i *Identity) { i.Roots = NewRoots() },
		"no certificate":    func(i *Identity) { i.Client = nil },
		"certificate":       func(i *Identity) { i.Client = clientCertificate(t, ca.Issue("proxy")) },
	} {
		i := full()
		change(i)
		key := (&Spec{ID: "app", TLS: i}).Key()
		if same, ok := seen[key]; ok {
			t.Errorf("%s and %s have the same key", name, same)
		}
		seen[key] = name
		if again := (&Spec{ID: "app", Protocol: config.BackendHTTP, TLS: i}).Key(); again != key {
			t.Errorf("%s: two keys", name)
		}
	}
	if _, ok := seen[(&Spec{ID: "app"}).Key()]; ok {
		t.Error("clear text has the key of an identity")
	}
	renamed := full()
	renamed.Roots = NewRoots(&config.CABundle{ID: "renamed", Certificates: a.Certificates})
	if seen[(&Spec{ID: "app", TLS: renamed}).Key()] != "all" {
		t.Error("the ID of a bundle is taken for its content")
	}
}

func TestClientCertificatesThatAreEqual(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	pair := ca.Issue("proxy")
	a, same, b := clientCertificate(t, pair), clientCertificate(t, pair), clientCertificate(t, ca.Issue("proxy"))
	var none *ClientCertificate
	if !a.Equal(same) || !none.Equal(nil) {
		t.Error("equal ones are not")
	}
	if a.Equal(b) || a.Equal(nil) || none.Equal(a) {
		t.Error("different ones are equal")
	}
}

func TestRegistryRefusesBadBundles(t *testing.T) {
	bad := &Identity{ServerName: serverName, Roots: NewRoots(&config.CABundle{ID: "ConfigMap/test/ca", Certificates: "nonsense"})}
	_, err := newRegistry(t).Get(&Spec{ID: "app", TLS: bad}, nil)
	var refusal *config.Refusal
	if !errors.As(err, &refusal) || refusal.Object != "ConfigMap/test/ca" || refusal.Field != "certificates" {
		t.Errorf("error %v, want a refusal of the bundle", err)
	}
}

// TestRegistryKeepsIdentitiesApart has one backend reached in two ways, of which one
// changes.
func TestRegistryKeepsIdentitiesApart(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	var mu sync.Mutex
	var names []string
	closed := make(chan string, 3)
	server := serverConfig(t, ca.Issue("", serverName, "other.example.com", "third.example.com"), tls.VersionTLS13)
	address := listenTLS(t, server, func(_ int, c *tls.Conn) {
		name := c.ConnectionState().ServerName
		mu.Lock()
		names = append(names, name)
		mu.Unlock()
		answerAll(c)
		closed <- name
	})
	r := newRegistry(t)
	in := map[Key]*Backend{}
	add := func(name string) *Backend {
		i := identity(ca)
		i.ServerName = name
		spec := &Spec{ID: "app", TLS: i}
		b, err := r.Get(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		in[spec.Key()] = b
		return b
	}
	a, b := add(serverName), add("other.example.com")
	r.Use(in)
	if err := r.SetEndpoints([]config.BackendEndpoints{{ID: "app", Endpoints: endpoints(address)}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, backend := range []*Backend{a, b} { // both have got the endpoint
			if err := get(t, backend); err != nil {
				t.Fatal(err)
			}
		}
	}
	in = map[Key]*Backend{}
	if add(serverName) != a {
		t.Error("an identity that stays has become another backend")
	}
	c := add("third.example.com")
	c.SetEndpoints(endpoints(address))
	r.Use(in)
	if got := <-closed; got != "other.example.com" {
		t.Errorf("the connection as %s was closed", got)
	}
	for _, backend := range []*Backend{a, c} {
		if err := get(t, backend); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(names) != 3 || names[0] != serverName || names[1] != "other.example.com" || names[2] != "third.example.com" {
		t.Errorf("connections as %q, want one of each", names)
	}
}

// TestSessionsStayWithTheirIdentity makes each connection anew: a session is resumed
// with the same endpoint under the same identity, and nowhere else.
func TestSessionsStayWithTheirIdentity(t *testing.T) {
	ca, other := certtest.NewCA(t, "ca"), certtest.NewCA(t, "other")
	eachTLS(t, func(t *testing.T, version uint16) {
		resumed := make(chan bool, 1)
		server := serverConfig(t, ca.Issue("", serverName), version)
		server.SetSessionTicketKeys([][32]byte{{1}}) // the endpoints would resume each other's
		serve := func(_ int, c *tls.Conn) {
			resumed <- c.ConnectionState().DidResume
			answerAll(c)
		}
		addresses := []string{listenTLS(t, server, serve), listenTLS(t, server, serve)}
		r := newRegistry(t)
		connect := func(i *Identity, address string) bool {
			t.Helper()
			spec := &Spec{ID: "app", TLS: i}
			b, err := r.Get(spec, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Use(map[Key]*Backend{spec.Key(): b})
			b.SetEndpoints(endpoints(address))
			if err := get(t, b); err != nil {
				t.Fatal(err)
			}
			theEndpoint(b).pop().close()
			return <-resumed
		}
		san := identity(ca)
		san.SubjectAltNames = []config.SubjectAltName{{DNS: serverName}}
		both := identity(ca)
		both.Roots = NewRoots(bundle(ca), bundle(other))
		with := identity(ca)
		with.Client = clientCertificate(t, ca.Issue("proxy"))
		for _, i := range []*Identity{identity(ca), san, both, with, identity(ca)} {
			if connect(i, addresses[0]) {
				t.Error("a session of another identity was resumed")
			}
			if !connect(i, addresses[0]) {
				t.Error("a session was not resumed")
			}
			if connect(i, addresses[1]) {
				t.Error("a session was resumed with another endpoint")
			}
		}
	})
}
