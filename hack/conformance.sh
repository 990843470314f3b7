#!/usr/bin/env bash
# Runs the conformance suite against the cluster of KUBECONFIG, where Kubera is
# deployed. Make sets what is asked for here: PROFILES, RUN, KEEP, FAIL_FAST, VERSION,
# CHANNEL, USABLE and UNUSABLE (addresses), and KUBECTL.
#
# A run of everything writes its report to docs/conformance, any other to bin. The
# suite's output is in bin/conformance.log; what is shown is a line for each test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all=GATEWAY-HTTP,GATEWAY-GRPC,GATEWAY-TLS,GATEWAY-TCP,GATEWAY-UDP
report="$PWD/bin/conformance-report.yaml"
tests=TestConformance
arguments=(
	-gateway-class=kubera
	-conformance-profiles="${PROFILES:-$all}"
	-usable-address="$USABLE" -unusable-address="$UNUSABLE"
	-organization=kubera-dev -project=kubera -url=https://github.com/kubera-dev/kubera
	-contact=https://github.com/kubera-dev/kubera/issues/new -version="$VERSION"
)
if [ -n "${RUN:-}" ]; then
	# The base manifests serve the next run, too.
	arguments+=(-claim="${RUN%%/*}" -cleanup-base-resources=false)
	tests="TestConformance/^(${RUN%%/*})\$"
	# What follows a slash chooses among the cases of a test.
	[ "$RUN" = "${RUN%%/*}" ] || tests="$tests/${RUN#*/}"
elif [ "${PROFILES:-$all}" = "$all" ]; then
	report="$PWD/docs/conformance/$CHANNEL-$VERSION-default-report.yaml"
	mkdir -p docs/conformance
fi
if [ "${KEEP:-false}" = true ]; then
	arguments+=(-cleanup-base-resources=false -cleanup-test-resources=false)
fi
# What a run left that was interrupted, or that was told to, would be waited for by
# this one. The Gateways of the base manifests may stay.
leftovers() {
	local kind namespace kinds
	kinds=$("$KUBECTL" api-resources --api-group gateway.networking.k8s.io --namespaced --output name)
	for namespace in gateway-conformance-{infra,app-backend,web-backend}; do
		for kind in $kinds; do
			"$KUBECTL" get "$kind" --namespace "$namespace" --output name
		done | { grep -vE '/(same-namespace|same-namespace-with-https-listener|all-namespaces|backend-namespaces)$' || true; } |
			xargs --no-run-if-empty "$KUBECTL" delete --namespace "$namespace" --cascade=foreground
	done
}
leftovers

if [ "${FAIL_FAST:-false}" = true ]; then
	arguments+=(-fail-fast)
fi
rm -f "$report"
status=0
(cd test/conformance && CGO_ENABLED=0 go test . -trimpath -count=1 -v -timeout 2h -run "$tests" -args "${arguments[@]}" -report-output="$report") |
	tee bin/conformance.log | { grep --line-buffered -E '^(    --- (PASS|FAIL)|FAIL|panic:|#|[^ ]+\.go:)' || true; } || status=$?
if [ -e "$report" ]; then
	chmod 644 "$report"
	(cd test/conformance && go run ./summarize "$report")
	echo
	echo "report: $report"
fi
echo "log: $PWD/bin/conformance.log"
exit "$status"
