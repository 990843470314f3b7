// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import "fmt"

// gatewayOn is a Gateway "web" with one port.
func gatewayOn(port int) string {
	return fmt.Sprintf(`---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: %s
  listeners:
  - {name: http, protocol: HTTP, port: %d}
`, className, port)
}

// hello answers without a backend, at any port of "web".
const hello = `---
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
