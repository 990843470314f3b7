// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

const (
	parameters = v1alpha1.KindGatewayParameters
	static     = v1alpha1.KindStaticResponseFilter
	access     = v1alpha1.KindAccessControlFilter
)

// accepted are specs that an API server takes.
var accepted = []struct{ kind, name, spec string }{
	{parameters, "empty", ``},
	{parameters, "replicas", `{deployment: {replicas: 0}}`},
	{parameters, "autoscaling", `{deployment: {autoscaling: {minReplicas: 3, maxReplicas: 3, targetCPUUtilizationPercentage: 60}}}`},
	{parameters, "autoscaling by a metric", `
deployment:
  autoscaling:
    maxReplicas: 9
    metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}
    behavior: {scaleDown: {stabilizationWindowSeconds: 600}}`},
	{parameters, "deployment", `
deployment:
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  image: registry.example.com/kubera-proxy:v1
  imagePullPolicy: IfNotPresent
  imagePullSecrets: [{name: pull}]
  resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
  nodeSelector: {kubernetes.io/os: linux}
  tolerations: [{key: edge, operator: Exists}]
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}]
  affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: edge, operator: Exists}]}}]}}
  podLabels: {team: edge}
  podAnnotations: {example.com/a: b}
  drain: {delay: 10m, timeout: 24h}
  patch: {spec: {template: {spec: {priorityClassName: high, containers: [{name: proxy, stdin: true}]}}}}`},
	{parameters, "budget as a number", `{deployment: {podDisruptionBudget: {minAvailable: 1}}}`},
	{parameters, "budget as a percentage", `{deployment: {podDisruptionBudget: {maxUnavailable: 25%}}}`},
	{parameters, "service", `
service:
  type: LoadBalancer
  annotations: {example.com/a: b}
  loadBalancerClass: example.com/internal
  externalTrafficPolicy: Local
  loadBalancerSourceRanges: [10.0.0.0/8, "2001:db8::/32"]
  nodePorts: [{port: 80, nodePort: 30080}, {port: 443, nodePort: 30443}]
  ipFamilies: [IPv6, IPv4]
  ipFamilyPolicy: RequireDualStack`},
	{parameters, "service with the default type", `{service: {loadBalancerClass: a/b, loadBalancerAddressesAnnotation: metallb.io/loadBalancerIPs, externalTrafficPolicy: Local, loadBalancerSourceRanges: [10.0.0.0/8], nodePorts: [{port: 80, nodePort: 80}]}}`},
	{parameters, "node port service", `{service: {type: NodePort, externalTrafficPolicy: Local, nodePorts: [{port: 80, nodePort: 30080}]}}`},
	{parameters, "cluster service", `{service: {type: ClusterIP, ipFamilies: [IPv6], ipFamilyPolicy: SingleStack}}`},
	{parameters, "proxy", `
proxy:
  logLevel: debug
  accessLog: {enabled: true, format: detailed, sampling: {percent: 0}, errors: Sampled}
  tracing:
    endpoint: https://collector.example.com/otlp/v1/traces
    protocol: HTTP
    sampling: {percent: 100}
    clientTraces: Restart
    serviceName: edge
    resourceAttributes: [{name: deployment.environment.name, value: production}]
  clientAddress: {trustedProxies: [10.0.0.0/8], header: X-Real-IP}
  errorResponses: ProblemDetails
  limits: {maxRequestHeaderBytes: 1Mi, maxRequestBodyBytes: 10Gi, maxConnections: 1, maxConcurrentStreams: 1, requestHeaderTimeout: 1ms, idleTimeout: 24h}`},
	{parameters, "tracing of a class that is off", `{proxy: {tracing: {enabled: false}}}`},
	{parameters, "tracing by gRPC", `{proxy: {tracing: {endpoint: "http://[fd00::1]:4317/", protocol: GRPC}}}`},
	{parameters, "fractions", `{proxy: {accessLog: {sampling: {fraction: {numerator: 1, denominator: 1000}}}}}`},
	{parameters, "a fraction of one hundred", `{proxy: {accessLog: {sampling: {fraction: {numerator: 100}}}}}`},
	{parameters, "limits as plain numbers", `{proxy: {limits: {maxRequestHeaderBytes: 1024, maxRequestBodyBytes: 1}}}`},
	{parameters, "PROXY protocol", `{proxy: {clientAddress: {trustedProxies: ["fd00::/8"], proxyProtocol: true}}}`},
	{parameters, "header, PROXY protocol off", `{proxy: {clientAddress: {trustedProxies: ["fd00::/8"], header: "X-Client", proxyProtocol: false}}}`},

	{static, "empty", ``},
	{static, "text", `{status: 503, contentType: "text/html; charset=utf-8", text: "<h1>Later</h1>"}`},
	{static, "binary", `{status: 200, binary: aGVsbG8=}`},
	{static, "no content", `{status: 204}`},

	{access, "allow", `{allow: [192.0.2.1, 10.0.0.0/8, "2001:db8::1", "2001:db8::/32"]}`},
	{access, "deny", `{deny: [0.0.0.0/0]}`},
	{access, "both", `{allow: [10.0.0.0/8], deny: [10.0.0.1]}`},
}

// refused are specs that an API server refuses, saying this of this field.
var refused = []struct{ kind, spec, field, says string }{
	{parameters, `{deployment: {replicas: 1, autoscaling: {maxReplicas: 2}}}`, "spec.deployment", "replicas and autoscaling exclude each other"},
	{parameters, `{deployment: {replicas: -1}}`, "spec.deployment.replicas", "greater than or equal to 0"},
	{parameters, `{deployment: {autoscaling: {minReplicas: 1}}}`, "spec.deployment.autoscaling.maxReplicas", "Required"},
	{parameters, `{deployment: {autoscaling: {minReplicas: 3, maxReplicas: 2}}}`, "spec.deployment.autoscaling", "minReplicas is greater than maxReplicas"},
	{parameters, `{deployment: {autoscaling: {maxReplicas: 2, targetCPUUtilizationPercentage: 5, metrics: [{type: Resource}]}}}`, "spec.deployment.autoscaling", "targetCPUUtilizationPercentage and metrics exclude each other"},
	{parameters, `{deployment: {imagePullPolicy: Sometimes}}`, "spec.deployment.imagePullPolicy", "Unsupported value"},
	{parameters, `{deployment: {podDisruptionBudget: {}}}`, "spec.deployment.podDisruptionBudget", "exactly one of minAvailable and maxUnavailable"},
	{parameters, `{deployment: {podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}}}`, "spec.deployment.podDisruptionBudget", "exactly one of minAvailable and maxUnavailable"},
	{parameters, `{deployment: {podDisruptionBudget: {minAvailable: half}}}`, "spec.deployment.podDisruptionBudget.minAvailable", "must be a number that is not negative"},
	{parameters, `{deployment: {podDisruptionBudget: {maxUnavailable: -1}}}`, "spec.deployment.podDisruptionBudget.maxUnavailable", "must be a number that is not negative"},
	{parameters, `{deployment: {drain: {delay: 11m}}}`, "spec.deployment.drain.delay", "delay must be at most 10m"},
	{parameters, `{deployment: {drain: {timeout: 25h}}}`, "spec.deployment.drain.timeout", "timeout must be at most 24h"},
	{parameters, `{deployment: {drain: {timeout: soon}}}`, "spec.deployment.drain.timeout", "should match"},
	{parameters, `{proxy: {limits: {tcpIdleTimeout: 500ms}}}`, "spec.proxy.limits.tcpIdleTimeout", "must be from 1s to 168h"},
	{parameters, `{proxy: {limits: {udpIdleTimeout: 25h}}}`, "spec.proxy.limits.udpIdleTimeout", "must be from 1s to 24h"},
	{parameters, `{deployment: {patch: "replicas: 3"}}`, "spec.deployment.patch", "must be of type object"},

	{parameters, `{service: {type: ExternalName}}`, "spec.service.type", "Unsupported value"},
	{parameters, `{service: {type: NodePort, loadBalancerAddressesAnnotation: a/b}}`, "spec.service", "loadBalancerAddressesAnnotation needs type LoadBalancer"},
	{parameters, `{service: {loadBalancerAddressesAnnotation: a/b/c}}`, "spec.service.loadBalancerAddressesAnnotation", "should match"},
	{parameters, `{service: {type: NodePort, loadBalancerClass: a/b}}`, "spec.service", "loadBalancerClass needs type LoadBalancer"},
	{parameters, `{service: {type: NodePort, loadBalancerSourceRanges: [10.0.0.0/8]}}`, "spec.service", "loadBalancerSourceRanges needs type LoadBalancer"},
	{parameters, `{service: {type: ClusterIP, externalTrafficPolicy: Local}}`, "spec.service", "externalTrafficPolicy needs type LoadBalancer or NodePort"},
	{parameters, `{service: {type: ClusterIP, nodePorts: [{port: 80, nodePort: 30080}]}}`, "spec.service", "nodePorts needs type LoadBalancer or NodePort"},
	{parameters, `{service: {nodePorts: [{port: 80, nodePort: 30080}, {port: 81, nodePort: 30080}]}}`, "spec.service.nodePorts", "each nodePort may be given to one port only"},
	{parameters, `{service: {nodePorts: [{port: 80, nodePort: 30080}, {port: 80, nodePort: 30081}]}}`, "spec.service.nodePorts[1]", "Duplicate value"},
	{parameters, `{service: {loadBalancerSourceRanges: [10.0.0.0]}}`, "spec.service.loadBalancerSourceRanges[0]", "must be a range of addresses"},
	{parameters, `{service: {ipFamilies: [IPv4, IPv4]}}`, "spec.service.ipFamilies", "ipFamilies must differ"},
	{parameters, `{service: {ipFamilies: [IPv5]}}`, "spec.service.ipFamilies[0]", "Unsupported value"},
	{parameters, `{service: {ipFamilies: [IPv4, IPv6], ipFamilyPolicy: SingleStack}}`, "spec.service", "two ipFamilies need ipFamilyPolicy"},

	{parameters, `{proxy: {logLevel: trace}}`, "spec.proxy.logLevel", "Unsupported value"},
	{parameters, `{proxy: {accessLog: {format: xml}}}`, "spec.proxy.accessLog.format", "Unsupported value"},
	{parameters, `{proxy: {accessLog: {errors: Never}}}`, "spec.proxy.accessLog.errors", "Unsupported value"},
	{parameters, `{proxy: {accessLog: {sampling: {}}}}`, "spec.proxy.accessLog.sampling", "exactly one of percent and fraction"},
	{parameters, `{proxy: {accessLog: {sampling: {percent: 1, fraction: {numerator: 1}}}}}`, "spec.proxy.accessLog.sampling", "exactly one of percent and fraction"},
	{parameters, `{proxy: {accessLog: {sampling: {percent: 101}}}}`, "spec.proxy.accessLog.sampling.percent", "less than or equal to 100"},
	{parameters, `{proxy: {accessLog: {sampling: {fraction: {numerator: 101}}}}}`, "spec.proxy.accessLog.sampling.fraction", "numerator must be less than or equal to denominator"},
	{parameters, `{proxy: {tracing: {endpoint: "collector:4317"}}}`, "spec.proxy.tracing.endpoint", "should match"},
	{parameters, `{proxy: {tracing: {endpoint: "http://me:secret@collector"}}}`, "spec.proxy.tracing.endpoint", "should match"},
	{parameters, `{proxy: {tracing: {endpoint: "http://collector/v1/traces", protocol: GRPC}}}`, "spec.proxy.tracing", "endpoint must have no path"},
	{parameters, `{proxy: {tracing: {protocol: Zipkin}}}`, "spec.proxy.tracing.protocol", "Unsupported value"},
	{parameters, `{proxy: {tracing: {sampling: {}}}}`, "spec.proxy.tracing.sampling", "exactly one of percent and fraction"},
	{parameters, `{proxy: {tracing: {sampling: {fraction: {numerator: 2, denominator: 1}}}}}`, "spec.proxy.tracing.sampling.fraction", "numerator must be less than or equal to denominator"},
	{parameters, `{proxy: {tracing: {clientTraces: Refuse}}}`, "spec.proxy.tracing.clientTraces", "Unsupported value"},
	{parameters, `{proxy: {tracing: {resourceAttributes: [{name: service.name, value: x}]}}}`, "spec.proxy.tracing.resourceAttributes[0].name", "set by serviceName"},
	{parameters, `{proxy: {tracing: {resourceAttributes: [{name: a, value: b}, {name: a, value: c}]}}}`, "spec.proxy.tracing.resourceAttributes[1]", "Duplicate value"},
	{parameters, `{proxy: {errorResponses: Teapot}}`, "spec.proxy.errorResponses", "Unsupported value"},
	{parameters, `{proxy: {clientAddress: {header: X-Real-IP, proxyProtocol: true}}}`, "spec.proxy.clientAddress", "header and proxyProtocol exclude each other"},
	{parameters, `{proxy: {clientAddress: {header: "X Real"}}}`, "spec.proxy.clientAddress.header", "should match"},
	{parameters, `{proxy: {clientAddress: {trustedProxies: [everybody]}}}`, "spec.proxy.clientAddress.trustedProxies[0]", "must be a range of addresses"},
	{parameters, `{proxy: {limits: {maxRequestHeaderBytes: 1023}}}`, "spec.proxy.limits.maxRequestHeaderBytes", "from 1Ki to 1Mi"},
	{parameters, `{proxy: {limits: {maxRequestHeaderBytes: 2Mi}}}`, "spec.proxy.limits.maxRequestHeaderBytes", "from 1Ki to 1Mi"},
	{parameters, `{proxy: {limits: {maxRequestBodyBytes: 0}}}`, "spec.proxy.limits.maxRequestBodyBytes", "whole number of bytes"},
	{parameters, `{proxy: {limits: {maxRequestBodyBytes: 500m}}}`, "spec.proxy.limits.maxRequestBodyBytes", "whole number of bytes"},
	{parameters, `{proxy: {limits: {maxConnections: 0}}}`, "spec.proxy.limits.maxConnections", "greater than or equal to 1"},
	{parameters, `{proxy: {limits: {maxConcurrentStreams: 0}}}`, "spec.proxy.limits.maxConcurrentStreams", "greater than or equal to 1"},
	{parameters, `{proxy: {limits: {requestHeaderTimeout: 0s}}}`, "spec.proxy.limits.requestHeaderTimeout", "more than 0s and at most 1h"},
	{parameters, `{proxy: {limits: {idleTimeout: 25h}}}`, "spec.proxy.limits.idleTimeout", "more than 0s and at most 24h"},

	{static, `{status: 199}`, "spec.status", "greater than or equal to 200"},
	{static, `{status: 600}`, "spec.status", "less than or equal to 599"},
	{static, `{text: a, binary: aGVsbG8=}`, "spec", "text and binary exclude each other"},
	{static, `{status: 304, text: a}`, "spec", "has no body"},
	{static, `{binary: "not base64!"}`, "spec.binary", "byte"},
	{static, `{contentType: "text/plain\r\nX: y"}`, "spec.contentType", "should match"},

	{access, ``, "spec", "at least one of allow and deny"},
	{access, `{allow: []}`, "spec.allow", "at least 1 item"},
	{access, `{deny: [example.com]}`, "spec.deny[0]", "must be an IP address or a range"},
	{access, `{allow: [10.0.0.0/33]}`, "spec.allow[0]", "must be an IP address or a range"},
}

func TestAccepted(t *testing.T) {
	crds := loadCRDs(t)
	for _, c := range accepted {
		t.Run(c.kind+"/"+c.name, func(t *testing.T) {
			if errs := crds[c.kind].check(t, object(t, c.kind, c.spec)); len(errs) > 0 {
				t.Error(errs.ToAggregate())
			}
		})
	}
}

func TestRefused(t *testing.T) {
	crds := loadCRDs(t)
	for _, c := range refused {
		t.Run(fmt.Sprintf("%s/%s", c.kind, c.spec), func(t *testing.T) {
			errs := crds[c.kind].check(t, object(t, c.kind, c.spec))
			for _, err := range errs {
				if err.Field == c.field && strings.Contains(err.Error(), c.says) {
					return
				}
			}
			t.Errorf("want an error at %s that says %q, got: %v", c.field, c.says, errs)
		})
	}
}

// Both kinds of parameters have the same spec, so the samples above speak for both.
func TestParametersHaveTheSameSpec(t *testing.T) {
	crds := loadCRDs(t)
	gateway, class := rules(crds[parameters].structural, ""), rules(crds[v1alpha1.KindGatewayClassParameters].structural, "")
	if len(gateway) == 0 || strings.Join(gateway, "\n") != strings.Join(class, "\n") {
		t.Errorf("rules differ:\n%v\n%v", gateway, class)
	}
}

// Every CEL rule has a message, and a sample above that it refuses.
func TestEveryRuleHasARefusedSample(t *testing.T) {
	for kind, c := range loadCRDs(t) {
		if kind == v1alpha1.KindGatewayClassParameters {
			continue
		}
		for _, rule := range rules(c.structural, "") {
			_, message, _ := strings.Cut(rule, "|")
			found := false
			for _, r := range refused {
				found = found || r.kind == kind && strings.Contains(message, r.says)
			}
			if message == "" || !found {
				t.Errorf("%s: no sample is refused by the rule %q", kind, rule)
			}
		}
	}
}

func TestDefaultStatusOfStaticResponse(t *testing.T) {
	sample := object(t, static, ``)
	loadCRDs(t)[static].check(t, sample)
	if got := sample["spec"].(map[string]any)["status"]; got != int64(200) {
		t.Errorf("status %v, want 200", got)
	}
}

// rules lists the CEL rules of a schema as "path|message".
func rules(s *schema.Structural, path string) []string {
	var list []string
	for _, rule := range s.XValidations {
		list = append(list, path+"|"+rule.Message)
	}
	if s.Items != nil {
		list = append(list, rules(s.Items, path+"[]")...)
	}
	for name, property := range s.Properties {
		list = append(list, rules(&property, path+"."+name)...)
	}
	slices.Sort(list)
	return list
}
