#!/usr/bin/env bash
# Usage: hack/helm-lint.sh HELM
# Lints charts/kubera and renders it, with its defaults and with each file of values in
# charts/kubera/ci, and checks the objects as an API server would. Fails, having checked
# everything, if any of it does.
set -euo pipefail
helm=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
failed=0

# Says what is wrong only: helm has a line for what is fine, too.
check() {
	local output
	output=$("$@" 2>&1) && return
	echo "helm-lint: $*"$'\n'"$output" >&2
	failed=1
}

# What is rendered is kept, to be checked as objects.
render() {
	"$helm" template kubera charts/kubera --namespace kubera-system --values "$1" --kube-version 1.31.0 \
		>"$temporary/$(basename "$1").yaml"
}

for values in /dev/null charts/kubera/ci/*-values.yaml; do
	check "$helm" lint --strict --quiet charts/kubera --values "$values"
	check render "$values"
done
check go run ./test/yaml "$temporary"/*.yaml
exit "$failed"
