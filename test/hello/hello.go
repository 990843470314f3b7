// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hello is the least that Kubera can serve: a Gateway, and a route that answers
// without a backend, as YAML for tests in a cluster.
package hello

import "fmt"

// Answer is the status and the body that a request gets.
const Answer = "200 hello"

// Gateway is one of the class that the controller makes, with the name "web" and one
// listener for HTTP at a port.
func Gateway(port int) string {
	return fmt.Sprintf(`---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  listeners:
  - {name: http, protocol: HTTP, port: %d}
`, port)
}

// Route gives the Answer at any port of the Gateway, to any path.
const Route = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: hello}
spec:
  parentRefs: [{name: web}]
  rules:
  - filters:
    - type: ExtensionRef
      extensionRef: {group: gateway.kubera.dev, kind: StaticResponseFilter, name: hello}
---
apiVersion: gateway.kubera.dev/v1alpha1
kind: StaticResponseFilter
metadata: {name: hello}
spec: {text: hello}
`
