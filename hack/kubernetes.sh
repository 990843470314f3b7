#!/usr/bin/env bash
# Prints the directory with Kubernetes' components, etcd and kubectl, and builds
# them first if they are missing (hack/kubernetes), which needs a Go module proxy
# only. Another version is another directory.
#
# Progress goes to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' hack/kubernetes/go.mod)
directory="$PWD/bin/kubernetes-$version"

if [ ! -d "$directory" ]; then
	echo "building Kubernetes ${version} from source, about 8 minutes the first time" >&2
	mkdir -p bin
	temporary=$(mktemp -d "$PWD/bin/.kubernetes.XXXXXX")
	trap 'rm -rf "$temporary"' EXIT
	chmod 755 "$temporary"
	(cd hack/kubernetes && CGO_ENABLED=0 go build -trimpath \
		-ldflags "-s -w -X k8s.io/component-base/version.gitVersion=${version}" \
		-o "$temporary/kubernetes" .) >&2
	for name in etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet; do
		ln -s kubernetes "$temporary/$name"
	done
	# Whole or not at all. Another of these may have been faster.
	[ -d "$directory" ] || mv "$temporary" "$directory"
fi
echo "$directory"
