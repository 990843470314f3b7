#!/usr/bin/env bash
# Usage: hack/rollout.sh KUBECTL
# Starts the controller and all proxies anew, for images that were loaded under the
# names that they had before, and waits until the controller is at work.
set -euo pipefail
kubectl=$1

"$kubectl" rollout restart deployment --namespace kubera-system kubera-controller-manager
"$kubectl" rollout status deployment --namespace kubera-system kubera-controller-manager --timeout 3m
"$kubectl" get deployments --all-namespaces --selector app.kubernetes.io/name=kubera-proxy \
	--output jsonpath='{range .items[*]}{.metadata.namespace} {.metadata.name}{"\n"}{end}' |
	while read -r namespace name; do
		"$kubectl" rollout restart deployment --namespace "$namespace" "$name"
	done
"$kubectl" wait gatewayclass/kubera --for create --timeout 1m
"$kubectl" wait gatewayclass/kubera --for condition=Accepted --timeout 1m
