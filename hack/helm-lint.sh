#!/usr/bin/env bash
# Usage: hack/helm-lint.sh HELM
# Lints charts/kubera and renders it, with its defaults and with each file of values in
# charts/kubera/ci. Fails, having checked everything, if any of it does.
set -euo pipefail
helm=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=0

# Says what is wrong only: helm has a line for what is fine, too.
check() {
	local output
	output=$("$@" 2>&1) && return
	echo "helm-lint: $*"$'\n'"$output" >&2
	failed=1
}

for values in /dev/null charts/kubera/ci/*-values.yaml; do
	check "$helm" lint --strict --quiet charts/kubera --values "$values"
	check "$helm" template kubera charts/kubera --namespace kubera-system --values "$values" --kube-version 1.31.0
done
exit "$failed"
