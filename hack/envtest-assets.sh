#!/usr/bin/env bash
# Prints the directory with etcd and kube-apiserver that envtest runs, and
# provides them first if they are missing. In this order:
#
#   1. KUBEBUILDER_ASSETS, if it is set;
#   2. what an earlier run built or downloaded into bin/;
#   3. a download by setup-envtest, unless ENVTEST_DOWNLOAD=false;
#   4. a build from source (hack/envtest), which needs a Go module proxy only.
#
# Progress goes to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SETUP_ENVTEST_VERSION="${SETUP_ENVTEST_VERSION:-v0.25.1}"
DOWNLOAD_SECONDS="${ENVTEST_DOWNLOAD_SECONDS:-90}"
built="$PWD/bin/envtest"
downloaded="$PWD/bin/k8s"

say() { echo "envtest: $*" >&2; }

complete() { [ -x "$1/etcd" ] && [ -x "$1/kube-apiserver" ]; }

# The version of Kubernetes that hack/envtest is pinned to.
version() { (cd hack/envtest && go list -m -f '{{.Version}}' k8s.io/kubernetes); }

# Links the names that envtest looks for. kubectl serves people who debug a test.
link() {
	ln -sf kube-apiserver-etcd "$built/etcd"
	ln -sf kube-apiserver-etcd "$built/kube-apiserver"
	local kubectl
	if kubectl=$(command -v kubectl); then
		ln -sf "$kubectl" "$built/kubectl"
	fi
}

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

build() {
	local wanted=$1
	say "building etcd and kube-apiserver ${wanted} from source, about 6 minutes the first time"
	mkdir -p "$built"
	local temporary="$built/.kube-apiserver-etcd.$$"
	(cd hack/envtest && CGO_ENABLED=0 go build -trimpath \
		-ldflags "-s -w -X k8s.io/component-base/version.gitVersion=${wanted}" \
		-o "$temporary" .) >&2
	mv -f "$temporary" "$built/kube-apiserver-etcd"
	say "built $built"
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
	if ! complete "$KUBEBUILDER_ASSETS"; then
		say "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which has no etcd and kube-apiserver"
		exit 1
	fi
	echo "$KUBEBUILDER_ASSETS"
	exit 0
fi

wanted=$(version)
if [ -x "$built/kube-apiserver-etcd" ]; then
	link
	if [ "$("$built/kube-apiserver" --version)" = "Kubernetes $wanted" ]; then
		echo "$built"
		exit 0
	fi
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
build "$wanted"
link
echo "$built"
