// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const defaultDeployment = `
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 25%}}
  resources: {requests: {cpu: 50m, memory: 128Mi}}
  podDisruptionBudget: {maxUnavailable: 1}
  drain: {delay: 10s, timeout: 30s}
service: {type: LoadBalancer}
networkPolicy: {enabled: true}
`

func TestDefaults(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"of nothing", ``, `
deployment:
  replicas: 1` + defaultDeployment},
		{"with autoscaling", `{deployment: {autoscaling: {maxReplicas: 4}}}`, `
deployment:
  autoscaling: {minReplicas: 1, maxReplicas: 4, targetCPUUtilizationPercentage: 75}` + defaultDeployment},
		{"with metrics", `{deployment: {autoscaling: {maxReplicas: 4, metrics: [{type: Pods}]}}}`, `
deployment:
  autoscaling: {minReplicas: 1, maxReplicas: 4, metrics: [{type: Pods}]}` + defaultDeployment},
		{"with half a drain", `{deployment: {replicas: 0, drain: {delay: 0s}, podDisruptionBudget: {minAvailable: 50%}}, service: {type: ClusterIP}, networkPolicy: {enabled: false}, proxy: {logLevel: debug}}`, `
deployment:
  replicas: 0
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 25%}}
  resources: {requests: {cpu: 50m, memory: 128Mi}}
  podDisruptionBudget: {minAvailable: 50%}
  drain: {delay: 0s, timeout: 30s}
service: {type: ClusterIP}
networkPolicy: {enabled: false}
proxy: {logLevel: debug}`},
		{"of everything", everyField, everyField},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := spec(t, c.given)
			if diff := cmp.Diff(spec(t, c.want), Defaults(given)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(spec(t, c.given), given); diff != "" {
				t.Errorf("the argument was modified:\n%s", diff)
			}
		})
	}
}
