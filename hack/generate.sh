#!/usr/bin/env bash
# Usage: hack/generate.sh manifests|deepcopy CONTROLLER_GEN ROOT
# Generates files below ROOT, which is "." or, for hack/verify.sh, elsewhere.
set -euo pipefail
what=$1 controller_gen=$2 root=$3
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$what" in
manifests)
	"$controller_gen" crd paths=./api/... output:crd:dir="$root/config/crd/bases"
	mkdir -p "$root/docs"
	go run ./hack/reference "$root/config/crd/bases" >"$root/docs/reference.md"
	"$controller_gen" rbac:roleName=manager-role paths=./internal/controller/... output:rbac:dir="$root/config/rbac"
	# The chart can read files of its own directory only.
	chart="$root/charts/kubera/files"
	rm -rf "$chart"
	mkdir -p "$chart"/{crds,rbac,prometheus,grafana}
	cp "$root"/config/crd/bases/*.yaml "$chart/crds"
	cp config/rbac/*_role.yaml "$root/config/rbac/role.yaml" "$chart/rbac"
	cp config/prometheus/rules/prometheusrule.yaml "$chart/prometheus"
	cp config/grafana/*.json "$chart/grafana"
	;;
deepcopy)
	"$controller_gen" object:headerFile=hack/boilerplate.go.txt paths=./api/v1alpha1 output:object:dir="$root/api/v1alpha1"
	;;
*)
	echo "generate.sh: what is \"$what\"?" >&2
	exit 2
	;;
esac
