// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"strings"
	"testing"
)

func TestValidateAccepts(t *testing.T) {
	for _, text := range []string{
		``,
		everyStructure,
		`{deployment: {autoscaling: {minReplicas: 2, maxReplicas: 2}}}`,
		`{deployment: {drain: {delay: 1h30m, timeout: 0s}}}`,
		`{deployment: {patch: {spec: {template: {spec: {priorityClassName: high}}}}}}`,
		`{service: {type: NodePort, externalTrafficPolicy: Local, nodePorts: [{port: 80, nodePort: 30080}, {port: 81, nodePort: 30081}]}}`,
		`{service: {loadBalancerClass: a/b, loadBalancerSourceRanges: ["2001:db8::/32"]}}`,
		`{proxy: {clientAddress: {header: X-Real-IP, trustedProxies: [10.0.0.0/8]}}}`,
		`{proxy: {clientAddress: {proxyProtocol: true}}}`,
		`{proxy: {tracing: {enabled: false}}}`,
		`{proxy: {tracing: {endpoint: "https://collector/otlp/v1/traces"}}}`,
		`{proxy: {tracing: {enabled: true, endpoint: "http://[fd00::1]:4317", protocol: GRPC}}}`,
	} {
		t.Run(text, func(t *testing.T) {
			if err := Validate(spec(t, text)); err != nil {
				t.Error(err)
			}
			if err := Validate(Defaults(spec(t, text))); err != nil {
				t.Errorf("with defaults: %v", err)
			}
		})
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{deployment: {replicas: 1, autoscaling: {maxReplicas: 2}}}`, "spec.deployment.replicas: Forbidden: excludes autoscaling"},
		{`{deployment: {autoscaling: {minReplicas: 3, maxReplicas: 2}}}`, "spec.deployment.autoscaling.minReplicas: Invalid value: 3: is greater than maxReplicas"},
		{`{deployment: {autoscaling: {maxReplicas: 2, targetCPUUtilizationPercentage: 1, metrics: []}}}`, "spec.deployment.autoscaling.targetCPUUtilizationPercentage: Forbidden: excludes metrics"},
		{`{deployment: {podDisruptionBudget: {}}}`, "spec.deployment.podDisruptionBudget: Forbidden: exactly one of"},
		{`{deployment: {nodeSelector: {"a b": c}}}`, "spec.deployment.nodeSelector: Invalid value"},
		{`{deployment: {podLabels: {a: "not a label"}}}`, "spec.deployment.podLabels: Invalid value"},
		{`{deployment: {podAnnotations: {"a b": c}}}`, "spec.deployment.podAnnotations: Invalid value"},
		{`{deployment: {drain: {delay: soon}}}`, "spec.deployment.drain.delay: Invalid value"},
		{`{deployment: {drain: {timeout: -1s}}}`, "spec.deployment.drain.timeout: Invalid value"},
		{`{deployment: {patch: {spec: {replica: 1}}}}`, `spec.deployment.patch: Forbidden: the patched Deployment is wrong: unknown field "spec.replica"`},
		{`{service: {annotations: {"a b": c}}}`, "spec.service.annotations: Invalid value"},
		{`{service: {type: ClusterIP, loadBalancerAddressesAnnotation: a/b}}`, "spec.service.loadBalancerAddressesAnnotation: Forbidden: needs type LoadBalancer, not ClusterIP"},
		{`{service: {type: NodePort, loadBalancerClass: a/b}}`, "spec.service.loadBalancerClass: Forbidden: needs type LoadBalancer, not NodePort"},
		{`{service: {type: ClusterIP, loadBalancerSourceRanges: [10.0.0.0/8]}}`, "spec.service.loadBalancerSourceRanges: Forbidden: needs type LoadBalancer, not ClusterIP"},
		{`{service: {type: ClusterIP, externalTrafficPolicy: Local}}`, "spec.service.externalTrafficPolicy: Forbidden: needs type LoadBalancer or NodePort"},
		{`{service: {type: ClusterIP, nodePorts: [{port: 80, nodePort: 30080}]}}`, "spec.service.nodePorts: Forbidden: needs type LoadBalancer or NodePort"},
		{`{service: {nodePorts: [{port: 80, nodePort: 30080}, {port: 81, nodePort: 30080}]}}`, "spec.service.nodePorts[1].nodePort: Duplicate value: 30080"},
		{`{service: {loadBalancerSourceRanges: [10.0.0.0/8, here]}}`, "spec.service.loadBalancerSourceRanges[1]: Invalid value"},
		{`{service: {ipFamilies: [IPv4, IPv6], ipFamilyPolicy: SingleStack}}`, "spec.service.ipFamilyPolicy: Invalid value"},
		{`{proxy: {clientAddress: {header: X-Real-IP}}}`, "spec.proxy.clientAddress.trustedProxies: Required value: header is read from trusted proxies only"},
		{`{proxy: {clientAddress: {header: X-Real-IP, proxyProtocol: true, trustedProxies: [10.0.0.0/8]}}}`, "spec.proxy.clientAddress.header: Forbidden: excludes proxyProtocol"},
		{`{proxy: {clientAddress: {trustedProxies: [10.0.0.1]}}}`, "spec.proxy.clientAddress.trustedProxies[0]: Invalid value"},
		{`{proxy: {clientAddress: {header: connection, trustedProxies: [10.0.0.0/8]}}}`, "spec.proxy.clientAddress.header: Invalid value"},
		{`{proxy: {tracing: {enabled: true}}}`, "spec.proxy.tracing.endpoint: Required value: name the collector"},
		{`{proxy: {tracing: {endpoint: "http://collector:99999"}}}`, "spec.proxy.tracing.endpoint: Invalid value"},
		{`{proxy: {tracing: {endpoint: "http://collector/v1/traces", protocol: GRPC}}}`, "must have no path with protocol gRPC"},
		{`{proxy: {limits: {requestHeaderTimeout: soon}}}`, "spec.proxy.limits.requestHeaderTimeout: Invalid value"},
		{`{proxy: {limits: {idleTimeout: 1}}}`, "spec.proxy.limits.idleTimeout: Invalid value"},
	} {
		t.Run(c.text, func(t *testing.T) {
			err := Validate(spec(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestValidateNamesEveryError(t *testing.T) {
	err := Validate(spec(t, `{deployment: {podLabels: {a: "b c"}}, service: {type: ClusterIP, nodePorts: [{port: 1, nodePort: 2}]}, proxy: {clientAddress: {header: a}}}`))
	for _, field := range []string{"podLabels", "nodePorts", "trustedProxies"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no error for %s in: %v", field, err)
		}
	}
}
