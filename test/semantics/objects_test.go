// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/test/certtest"
)

// backends of the conformance suite: the Services, by namespace.
var backends = map[string][]string{"infra": {"v1", "v2", "v3"}, "app": {"app-v1", "app-v2"}, "web": {"web"}}

// site is what all cases share.
type site struct {
	// objects are the Services with their EndpointSlices, the Secrets and CAs.
	objects string
	// ports that the backends listen to, by name.
	ports map[string]string
	// clientCertificates by the name of their CA, also that of a ConfigMap.
	clientCertificates map[string]tls.Certificate
	// journal is what the backends received.
	journal *journal
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{ports: map[string]string{}, clientCertificates: map[string]tls.Certificate{}, journal: newJournal()}
	var text strings.Builder
	servers := certtest.NewCA(t, "CA")
	fmt.Fprintf(&text, authorityForm, "servers", indented(servers.PEM))
	for namespace, names := range backends {
		for _, name := range names {
			s.ports[name] = portOf(t, newBackend(t, name, s.journal))
			streams := newStreamBackend(t, name, servers)
			fmt.Fprintf(&text, serviceForm, name, namespace, s.ports[name], streams.tcp, streams.tls, streams.udp)
		}
	}
	// Its certificate has no name of any listener, as that of the conformance suite
	// for wildcards: a listener's certificate is the one that it refers to, whatever
	// it says.
	pair := certtest.NewCA(t, "CA").IssueURI("*")
	for _, namespace := range []string{"infra", "web"} {
		fmt.Fprintf(&text, secretForm, namespace, indented(pair.Cert), indented(pair.Key))
	}
	for _, name := range []string{"clients", "strangers"} {
		ca := certtest.NewCA(t, "CA")
		s.clientCertificates[name] = ca.Issue("client").TLS(t)
		fmt.Fprintf(&text, authorityForm, name, indented(ca.PEM))
	}
	s.objects = text.String()
	return s
}

const serviceForm = `---
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  selector: {app: %[1]s}
  ports:
  - {name: first-port, port: 8080, targetPort: 3000}
  - {name: second-port, port: 8081, targetPort: 3001, appProtocol: kubernetes.io/h2c}
  - {name: third-port, port: 8082, targetPort: 3000, appProtocol: kubernetes.io/ws}
  - {name: tcp, port: 9000, targetPort: 3002}
  - {name: tls, port: 9443, targetPort: 3003}
  - {name: udp, port: 9000, targetPort: 3002, protocol: UDP}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, namespace: %[2]s, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports:
- {name: first-port, port: %[3]s}
- {name: second-port, port: %[3]s}
- {name: third-port, port: %[3]s}
- {name: tcp, port: %[4]s}
- {name: tls, port: %[5]s}
- {name: udp, port: %[6]s, protocol: UDP}
endpoints: [{addresses: [127.0.0.1], conditions: {ready: true}}]
`

const secretForm = `---
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {name: certificate, namespace: %s}
stringData:
  tls.crt: |
    %s
  tls.key: |
    %s
`

const authorityForm = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, namespace: infra}
data:
  ca.crt: |
    %s
`

func indented(text []byte) string {
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n    ")
}

func portOf(t *testing.T, s *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// read gives the objects of a case, with those that all cases have. $PORT:NAME
// stands for the port that a backend listens to.
func (s *site) read(t *testing.T, name string) *manifest.Set {
	t.Helper()
	var files []*manifest.File
	for _, file := range []string{"_base", name} {
		path := filepath.Join("testdata", file+".yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for backend, port := range s.ports {
			text = []byte(strings.ReplaceAll(string(text), "$PORT:"+backend, port))
		}
		files = append(files, manifest.Parse(t.Context(), path, text))
	}
	files = append(files, manifest.Parse(t.Context(), "backends", []byte(s.objects)))
	set := manifest.Merge(files)
	for _, problem := range set.Problems {
		t.Errorf("bad case: %s", problem)
	}
	return set
}
