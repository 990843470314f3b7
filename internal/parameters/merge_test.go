// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// everyField sets every field of the API, also those that exclude each other.
const everyField = `
deployment:
  replicas: 2
  autoscaling:
    minReplicas: 2
    maxReplicas: 5
    targetCPUUtilizationPercentage: 50
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
    behavior: {scaleDown: {stabilizationWindowSeconds: 600}}
  strategy: {type: Recreate}
  image: example.com/proxy:v1
  imagePullPolicy: Always
  imagePullSecrets: [{name: pull}]
  resources: {limits: {memory: 1Gi}}
  nodeSelector: {disk: ssd}
  affinity: {podAntiAffinity: {}}
  tolerations: [{key: edge}]
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
  podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}
  podLabels: {team: edge}
  podAnnotations: {a: b}
  drain: {delay: 1s, timeout: 2s}
  patch: {spec: {paused: true}}
service:
  type: LoadBalancer
  annotations: {a: b}
  loadBalancerClass: a/b
  loadBalancerAddressesAnnotation: c/d
  externalTrafficPolicy: Local
  loadBalancerSourceRanges: [10.0.0.0/8]
  nodePorts: [{port: 80, nodePort: 30080}]
  ipFamilies: [IPv4]
  ipFamilyPolicy: SingleStack
networkPolicy: {enabled: true}
proxy:
  logLevel: warn
  accessLog: {enabled: true, format: text, sampling: {percent: 5, fraction: {numerator: 1, denominator: 2}}, errors: Sampled}
  tracing:
    enabled: true
    endpoint: http://collector:4317
    protocol: GRPC
    sampling: {percent: 5, fraction: {numerator: 1, denominator: 2}}
    clientTraces: Restart
    serviceName: edge
    resourceAttributes: [{name: a, value: b}]
  clientAddress: {trustedProxies: [10.0.0.0/8], header: X-Real-IP, proxyProtocol: true}
  errorResponses: HTML
  limits:
    maxRequestHeaderBytes: 8Ki
    maxRequestBodyBytes: 1Mi
    maxConnections: 1
    maxConcurrentStreams: 2
    requestHeaderTimeout: 3s
    idleTimeout: 4s
    tcpIdleTimeout: 5s
    udpIdleTimeout: 6s
    maxUDPSessions: 7
  http3: true
  sendProxyProtocol: V2
`

// everyStructure sets every structure of the API and no field in it.
const everyStructure = `
deployment: {drain: {}}
service: {}
networkPolicy: {}
proxy: {accessLog: {}, tracing: {}, clientAddress: {}, limits: {}}
`

func spec(t *testing.T, text string) v1alpha1.GatewayParametersSpec {
	t.Helper()
	var s v1alpha1.GatewayParametersSpec
	if err := yaml.UnmarshalStrict([]byte(text), &s); err != nil {
		t.Fatalf("sample: %v\n%s", err, text)
	}
	return s
}

// A field that is added to the API must be added to everyField, and then to Merge.
func TestEveryFieldIsSet(t *testing.T) {
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct || !strings.HasSuffix(v.Type().PkgPath(), "api/v1alpha1") {
			return
		}
		for field, value := range v.Fields() {
			if value.IsZero() {
				t.Errorf("everyField leaves out %s.%s", path, field.Name)
				continue
			}
			walk(value, path+"."+field.Name)
		}
	}
	walk(reflect.ValueOf(spec(t, everyField)), "spec")
}

func TestMergeKeepsEveryField(t *testing.T) {
	full, empty, structures := spec(t, everyField), v1alpha1.GatewayParametersSpec{}, spec(t, everyStructure)
	for name, c := range map[string]struct {
		class, gateway *v1alpha1.GatewayParametersSpec
	}{
		"class alone":                {&full, nil},
		"Gateway alone":              {nil, &full},
		"class and empty Gateway":    {&full, &empty},
		"empty class and Gateway":    {&empty, &full},
		"class, Gateway structures":  {&full, &structures},
		"class structures, Gateway":  {&structures, &full},
		"Gateway over another class": {otherClass(t), &full},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(spec(t, everyField), Merge(c.class, c.gateway)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// otherClass has other values than everyField in many fields.
func otherClass(t *testing.T) *v1alpha1.GatewayParametersSpec {
	t.Helper()
	s := spec(t, `
deployment:
  replicas: 9
  image: example.com/other
  nodeSelector: {disk: hdd, zone: a}
  tolerations: [{key: a}, {key: b}]
  podLabels: {team: other, more: labels}
  drain: {delay: 9s, timeout: 9s}
  patch: {spec: {minReadySeconds: 9}}
service: {type: NodePort, annotations: {x: y}, nodePorts: [{port: 1, nodePort: 2}]}
proxy:
  logLevel: debug
  accessLog: {enabled: false, format: json, sampling: {fraction: {numerator: 9}}, errors: Always}
  tracing: {enabled: false, sampling: {percent: 9}, clientTraces: Continue, resourceAttributes: [{name: x, value: y}, {name: z, value: z}]}
  limits: {maxConnections: 9, idleTimeout: 9s}`)
	return &s
}

func TestMerge(t *testing.T) {
	for _, c := range []struct{ name, class, gateway, want string }{
		{"nothing", ``, ``, ``},
		{
			"fields of one structure come from both",
			`{deployment: {replicas: 2, image: a}}`,
			`{deployment: {image: b}}`,
			`{deployment: {replicas: 2, image: b}}`,
		},
		{
			"nested structures merge",
			`{deployment: {drain: {delay: 1s, timeout: 2s}}, proxy: {limits: {maxConnections: 1}}}`,
			`{deployment: {drain: {timeout: 3s}}, proxy: {limits: {idleTimeout: 4s}}}`,
			`{deployment: {drain: {delay: 1s, timeout: 3s}}, proxy: {limits: {maxConnections: 1, idleTimeout: 4s}}}`,
		},
		{
			"a collector has a protocol of its own",
			`{proxy: {tracing: {endpoint: "http://a:4317", protocol: GRPC, sampling: {percent: 5}}}}`,
			`{proxy: {tracing: {endpoint: "http://b:4318/traces"}}}`,
			`{proxy: {tracing: {endpoint: "http://b:4318/traces", sampling: {percent: 5}}}}`,
		},
		{
			"a share is taken whole",
			`{proxy: {accessLog: {enabled: true, sampling: {percent: 1}}}}`,
			`{proxy: {accessLog: {sampling: {fraction: {numerator: 1, denominator: 1000}}}}}`,
			`{proxy: {accessLog: {enabled: true, sampling: {fraction: {numerator: 1, denominator: 1000}}}}}`,
		},
		{
			"false and zero are values",
			`{deployment: {replicas: 2}, proxy: {accessLog: {enabled: true}}}`,
			`{deployment: {replicas: 0}, proxy: {accessLog: {enabled: false}}}`,
			`{deployment: {replicas: 0}, proxy: {accessLog: {enabled: false}}}`,
		},
		{
			"maps and lists are taken whole",
			`{deployment: {podLabels: {a: "1", b: "2"}, tolerations: [{key: a}]}}`,
			`{deployment: {podLabels: {a: "3"}, tolerations: [{key: b}]}}`,
			`{deployment: {podLabels: {a: "3"}, tolerations: [{key: b}]}}`,
		},
		{
			"an empty map or list clears",
			`{deployment: {podLabels: {a: "1"}, tolerations: [{key: a}]}}`,
			`{deployment: {podLabels: {}, tolerations: []}}`,
			`{deployment: {podLabels: {}, tolerations: []}}`,
		},
		{
			"Kubernetes types are taken whole",
			`{deployment: {resources: {requests: {cpu: 1}, limits: {cpu: 2}}}}`,
			`{deployment: {resources: {requests: {memory: 1Gi}}}}`,
			`{deployment: {resources: {requests: {memory: 1Gi}}}}`,
		},
		{
			"replicas drop the class's autoscaling",
			`{deployment: {autoscaling: {maxReplicas: 9}}}`,
			`{deployment: {replicas: 3}}`,
			`{deployment: {replicas: 3}}`,
		},
		{
			"autoscaling drops the class's replicas",
			`{deployment: {replicas: 3}}`,
			`{deployment: {autoscaling: {maxReplicas: 9}}}`,
			`{deployment: {autoscaling: {maxReplicas: 9}}}`,
		},
		{
			"autoscaling merges",
			`{deployment: {autoscaling: {minReplicas: 2, maxReplicas: 4, targetCPUUtilizationPercentage: 50}}}`,
			`{deployment: {autoscaling: {maxReplicas: 9}}}`,
			`{deployment: {autoscaling: {minReplicas: 2, maxReplicas: 9, targetCPUUtilizationPercentage: 50}}}`,
		},
		{
			"metrics drop the class's CPU target",
			`{deployment: {autoscaling: {maxReplicas: 4, targetCPUUtilizationPercentage: 50}}}`,
			`{deployment: {autoscaling: {maxReplicas: 4, metrics: [{type: Pods}]}}}`,
			`{deployment: {autoscaling: {maxReplicas: 4, metrics: [{type: Pods}]}}}`,
		},
		{
			"a CPU target drops the class's metrics",
			`{deployment: {autoscaling: {maxReplicas: 4, metrics: [{type: Pods}]}}}`,
			`{deployment: {autoscaling: {maxReplicas: 4, targetCPUUtilizationPercentage: 50}}}`,
			`{deployment: {autoscaling: {maxReplicas: 4, targetCPUUtilizationPercentage: 50}}}`,
		},
		{
			"the disruption budget is one choice",
			`{deployment: {podDisruptionBudget: {minAvailable: 1}}}`,
			`{deployment: {podDisruptionBudget: {maxUnavailable: 50%}}}`,
			`{deployment: {podDisruptionBudget: {maxUnavailable: 50%}}}`,
		},
		{
			"type ClusterIP drops what the class says for other types",
			`{service: {loadBalancerClass: a/b, loadBalancerAddressesAnnotation: c/d, loadBalancerSourceRanges: [10.0.0.0/8], externalTrafficPolicy: Local, nodePorts: [{port: 1, nodePort: 2}], annotations: {a: b}}}`,
			`{service: {type: ClusterIP}}`,
			`{service: {type: ClusterIP, annotations: {a: b}}}`,
		},
		{
			"type NodePort drops what the class says for load balancers",
			`{service: {loadBalancerClass: a/b, loadBalancerSourceRanges: [10.0.0.0/8], externalTrafficPolicy: Local}}`,
			`{service: {type: NodePort}}`,
			`{service: {type: NodePort, externalTrafficPolicy: Local}}`,
		},
		{
			"a header drops the class's PROXY protocol",
			`{proxy: {clientAddress: {proxyProtocol: true, trustedProxies: [10.0.0.0/8]}}}`,
			`{proxy: {clientAddress: {header: X-Real-IP}}}`,
			`{proxy: {clientAddress: {header: X-Real-IP, trustedProxies: [10.0.0.0/8]}}}`,
		},
		{
			"the PROXY protocol drops the class's header",
			`{proxy: {clientAddress: {header: X-Real-IP, trustedProxies: [10.0.0.0/8]}}}`,
			`{proxy: {clientAddress: {proxyProtocol: true}}}`,
			`{proxy: {clientAddress: {proxyProtocol: true, trustedProxies: [10.0.0.0/8]}}}`,
		},
		{
			"no PROXY protocol keeps the class's header",
			`{proxy: {clientAddress: {header: X-Real-IP}}}`,
			`{proxy: {clientAddress: {proxyProtocol: false}}}`,
			`{proxy: {clientAddress: {header: X-Real-IP, proxyProtocol: false}}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			class, gateway := spec(t, c.class), spec(t, c.gateway)
			got := Merge(&class, &gateway)
			if diff := cmp.Diff(spec(t, c.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(spec(t, c.class), class); diff != "" {
				t.Errorf("the class's parameters were modified:\n%s", diff)
			}
			if diff := cmp.Diff(spec(t, c.gateway), gateway); diff != "" {
				t.Errorf("the Gateway's parameters were modified:\n%s", diff)
			}
		})
	}
}

func TestMergeSharesNothing(t *testing.T) {
	class, gateway := spec(t, everyField), spec(t, `{deployment: {podLabels: {a: b}}}`)
	got := Merge(&class, &gateway)
	got.Deployment.PodLabels["changed"] = "yes"
	got.Deployment.NodeSelector["changed"] = "yes"
	got.Deployment.Tolerations[0].Key = "changed"
	*got.Proxy.AccessLog.Enabled = false
	if diff := cmp.Diff(spec(t, everyField), class); diff != "" {
		t.Errorf("changing the result changed the class's parameters:\n%s", diff)
	}
	if len(gateway.Deployment.PodLabels) != 1 {
		t.Errorf("changing the result changed the Gateway's parameters: %v", gateway.Deployment.PodLabels)
	}
}
