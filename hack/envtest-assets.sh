#!/usr/bin/env bash
# Prints the directory with etcd and kube-apiserver that envtest runs, and
# provides them first if they are missing. In this order:
#
#   1. KUBEBUILDER_ASSETS, if it is set;
#   2. what an earlier run built or downloaded into bin/;
#   3. a download by setup-envtest, unless ENVTEST_DOWNLOAD=false;
#   4. a build from source (hack/kubernetes.sh), which needs a Go module proxy only.
#
# Progress goes to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SETUP_ENVTEST_VERSION="${SETUP_ENVTEST_VERSION:-v0.25.1}"
DOWNLOAD_SECONDS="${ENVTEST_DOWNLOAD_SECONDS:-90}"
downloaded="$PWD/bin/k8s"

say() { echo "envtest: $*" >&2; }

complete() { [ -x "$1/etcd" ] && [ -x "$1/kube-apiserver" ]; }

# Runs a command and ends it when it takes too long. There is no timeout(1)
# everywhere.
bounded() {
	local seconds=$1
	shift
	"$@" &
	local command=$!
	(
		trap 'kill "$sleeper" 2>/dev/null' TERM
		sleep "$seconds" &
		sleeper=$!
		wait "$sleeper" && kill "$command" 2>/dev/null
	) >/dev/null 2>&1 &
	local watchdog=$! status=0
	wait "$command" || status=$?
	kill "$watchdog" 2>/dev/null || true
	wait "$watchdog" 2>/dev/null || true
	return "$status"
}

download() {
	local wanted=$1 path
	# 1.37.2 may not have been packaged: any patch release of the minor will do.
	wanted="${wanted#v}"
	wanted="${wanted%.*}.x"
	say "asking setup-envtest for Kubernetes ${wanted}"
	GOBIN="$PWD/bin" go install "sigs.k8s.io/controller-runtime/tools/setup-envtest@${SETUP_ENVTEST_VERSION}" >&2 || return 1
	path=$(bounded "$DOWNLOAD_SECONDS" bin/setup-envtest use "$wanted" --bin-dir "$downloaded" -p path 2>/dev/null) || return 1
	complete "$path" && echo "$path"
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
	if ! complete "$KUBEBUILDER_ASSETS"; then
		say "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which has no etcd and kube-apiserver"
		exit 1
	fi
	echo "$KUBEBUILDER_ASSETS"
	exit 0
fi

wanted=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' hack/kubernetes/go.mod)
if [ -d "bin/kubernetes-$wanted" ]; then
	exec hack/kubernetes.sh
fi
for path in "$downloaded"/k8s/"${wanted#v}"-*/ "$downloaded"/k8s/"$(echo "${wanted#v}" | cut -d. -f1,2)".*/; do
	if complete "$path"; then
		echo "${path%/}"
		exit 0
	fi
done
if [ "${ENVTEST_DOWNLOAD:-true}" != false ] && path=$(download "$wanted"); then
	echo "$path"
	exit 0
fi
exec hack/kubernetes.sh
