// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/test/certtest"
)

// put writes the files as a plain directory has them.
func put(t testing.TB, dir string, ca *certtest.CA, pair certtest.Pair) {
	t.Helper()
	for name, data := range map[string][]byte{certificateFile: pair.Cert, keyFile: pair.Key, caFile: ca.PEM} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// mount writes the files as the kubelet does: into a new directory, to which the
// link ..data is then switched.
func mount(t testing.TB, dir, generation string, ca *certtest.CA, pair certtest.Pair) {
	t.Helper()
	data := filepath.Join(dir, generation)
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, data, ca, pair)
	temp := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(generation, temp); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{certificateFile, keyFile, caFile} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
}

func listen(t testing.TB, dir string) *Server { return listenTelling(t, dir, nil) }

// listenTelling tells when the certificate expires.
func listenTelling(t testing.TB, dir string, expires func(time.Time)) *Server {
	t.Helper()
	s, err := Listen(t.Context(), Options{
		Expires:   expires,
		Listen:    "127.0.0.1:0",
		Directory: dir,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, r.Proto)
		}),
		Logger: zaptest.NewLogger(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

// client trusts the CA alone, and has a certificate unless pair is nil.
func client(t testing.TB, ca *certtest.CA, pair *certtest.Pair) *http.Client {
	t.Helper()
	cfg := &tls.Config{RootCAs: ca.Pool(), ServerName: "proxy.test"}
	if pair != nil {
		cfg.Certificates = []tls.Certificate{pair.TLS(t)}
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{TLSClientConfig: cfg, Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func ask(c *http.Client, s *Server) (string, error) {
	res, err := c.Get("https://" + s.Addr().String() + "/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestServerAdmitsOnlyTheController(t *testing.T) {
	ca, other := certtest.NewCA(t, "ca"), certtest.NewCA(t, "other")
	dir := t.TempDir()
	put(t, dir, ca, ca.Issue("proxy", "proxy.test"))
	s := listen(t, dir)

	right := ca.IssueURI(DefaultClientURI)
	if got, err := ask(client(t, ca, &right), s); err != nil || got != "HTTP/2.0" {
		t.Fatalf("the controller got %q, %v", got, err)
	}
	for name, pair := range map[string]certtest.Pair{
		"wrong CA":      other.IssueURI(DefaultClientURI),
		"wrong URI":     ca.IssueURI("spiffe://kubera.dev/somebody"),
		"two URIs":      ca.IssueURI(DefaultClientURI, "spiffe://kubera.dev/somebody"),
		"no URI":        ca.Issue("controller", "kubera.dev"),
		"the URI as CN": ca.Issue(DefaultClientURI),
	} {
		if got, err := ask(client(t, ca, &pair), s); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got, err := ask(client(t, ca, nil), s); err == nil {
		t.Errorf("without a certificate: got %q", got)
	}
}

func TestServerSpeaksTLS13AndHTTP2Only(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	dir := t.TempDir()
	put(t, dir, ca, ca.Issue("proxy", "proxy.test"))
	s := listen(t, dir)
	cfg := &tls.Config{
		RootCAs: ca.Pool(), ServerName: "proxy.test",
		Certificates: []tls.Certificate{ca.IssueURI(DefaultClientURI).TLS(t)},
	}
	old := cfg.Clone()
	old.MaxVersion = tls.VersionTLS12
	if c, err := tls.Dial("tcp", s.Addr().String(), old); err == nil {
		c.Close()
		t.Error("TLS 1.2 was accepted")
	}
	http1 := cfg.Clone()
	http1.NextProtos = []string{"http/1.1"}
	// crypto/tls lets such clients through the handshake.
	if c, err := tls.Dial("tcp", s.Addr().String(), http1); err == nil {
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if answer, err := io.ReadAll(c); len(answer) > 0 {
			t.Errorf("HTTP/1.1 was answered: %q (error %v)", answer, err)
		}
	}
	plain, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	fmt.Fprint(plain, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, _ := io.ReadAll(plain)
	if string(answer) != "" && string(answer[:8]) == "HTTP/1.1" && string(answer[9:12]) != "400" {
		t.Errorf("clear text was answered: %q", answer)
	}
}

func TestServerFollowsTheFiles(t *testing.T) {
	for _, write := range []struct {
		name string
		put  func(t testing.TB, dir, generation string, ca *certtest.CA, pair certtest.Pair)
	}{
		{"secret volume", mount},
		{"plain files", func(t testing.TB, dir, _ string, ca *certtest.CA, pair certtest.Pair) { put(t, dir, ca, pair) }},
	} {
		t.Run(write.name, func(t *testing.T) {
			old, fresh := certtest.NewCA(t, "old"), certtest.NewCA(t, "fresh")
			dir := t.TempDir()
			write.put(t, dir, "..1", old, old.Issue("proxy", "proxy.test"))
			s := listen(t, dir)
			before, after := old.IssueURI(DefaultClientURI), fresh.IssueURI(DefaultClientURI)
			kept := client(t, old, &before)
			if _, err := ask(kept, s); err != nil {
				t.Fatal(err)
			}
			write.put(t, dir, "..2", fresh, fresh.Issue("proxy", "proxy.test"))
			eventually(t, "the new files are in use", func() bool {
				_, err := ask(client(t, fresh, &after), s)
				return err == nil
			})
			if _, err := ask(client(t, old, &before), s); err == nil {
				t.Error("the old CA still lets in")
			}
			if _, err := ask(kept, s); err != nil {
				t.Errorf("the open connection was cut: %v", err)
			}
		})
	}
}

func TestServerKeepsGoodFilesWhenNewOnesAreBad(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	dir := t.TempDir()
	put(t, dir, ca, ca.Issue("proxy", "proxy.test"))
	s := listen(t, dir)
	pair := ca.IssueURI(DefaultClientURI)
	files := newStore(Options{Directory: dir, Logger: zaptest.NewLogger(t)})
	good := files.current
	for name, content := range map[string]string{keyFile: "no key", certificateFile: "", caFile: "no CA"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		files.refresh()
		if files.current != good {
			t.Errorf("with a bad %s the good files were dropped", name)
		}
		if _, err := ask(client(t, ca, &pair), s); err != nil {
			t.Errorf("with a bad %s: %v", name, err)
		}
	}
}

func TestServerWaitsForFiles(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	dir := t.TempDir()
	s := listen(t, dir)
	pair := ca.IssueURI(DefaultClientURI)
	if _, err := ask(client(t, ca, &pair), s); err == nil {
		t.Fatal("served without a certificate")
	}
	put(t, dir, ca, ca.Issue("proxy", "proxy.test"))
	eventually(t, "the files are found", func() bool {
		_, err := ask(client(t, ca, &pair), s)
		return err == nil
	})
}

func TestHandshakeFindsChangesThatTheWatchMissed(t *testing.T) {
	old, fresh := certtest.NewCA(t, "old"), certtest.NewCA(t, "fresh")
	dir := t.TempDir()
	put(t, dir, old, old.Issue("proxy", "proxy.test"))
	files := newStore(Options{Directory: dir, Logger: zaptest.NewLogger(t)}) // nobody calls watch
	first, err := files.configForClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, fresh, fresh.Issue("proxy", "proxy.test"))
	files.checked = time.Now().Add(-recheck)
	second, err := files.configForClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	if second == first {
		t.Error("the old files are still in use")
	}
}

func TestServerServesThroughRotations(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	dir := t.TempDir()
	mount(t, dir, "..0", ca, ca.Issue("proxy", "proxy.test"))
	s := listen(t, dir)
	pair := ca.IssueURI(DefaultClientURI)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 4 {
		c := client(t, ca, &pair)
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if i%2 == 0 { // a handshake each time
					c.CloseIdleConnections()
				}
				if _, err := ask(c, s); err != nil {
					t.Errorf("push %d: %v", n, err)
					return
				}
			}
		})
	}
	for i := range 10 {
		want := ca.Issue("proxy", "proxy.test")
		mount(t, dir, fmt.Sprintf("..r%d", i), ca, want)
		leaf := want.TLS(t).Leaf
		eventually(t, "the new certificate is presented", func() bool { return presented(t, s, ca, pair).Equal(leaf) })
	}
	close(stop)
	wg.Wait()
}

func presented(t testing.TB, s *Server, ca *certtest.CA, pair certtest.Pair) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{
		RootCAs: ca.Pool(), ServerName: "proxy.test", NextProtos: []string{"h2"},
		Certificates: []tls.Certificate{pair.TLS(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

func TestListenReportsATakenPort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if s, err := Listen(t.Context(), Options{Listen: ln.Addr().String(), Directory: t.TempDir(), Logger: zaptest.NewLogger(t)}); err == nil {
		s.Close(t.Context())
		t.Error("listened on a port that is taken")
	}
}
