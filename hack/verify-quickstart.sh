#!/usr/bin/env bash
# Usage: hack/verify-quickstart.sh COMMAND [ARGUMENT...]
# Runs the command, which serves examples/quickstart. Every curl command that it
# prints has to be answered, without an error of the gateway, and every answer in
# examples/quickstart/README.md has to be the real one: each line shown there has
# to be in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readme=examples/quickstart/README.md
temporary=$(mktemp -d)
failed=0

coproc gateway { exec "$@"; }
pid=$gateway_PID
stop() {
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	rm -rf "$temporary"
}
trap stop EXIT

complain() {
	echo "verify-quickstart: $*" >&2
	failed=1
}

# The commands come at once when everything listens, so a pause is their end.
patience=120
printed=0
while IFS= read -r -t "$patience" -u "${gateway[0]}" line; do
	echo "$line"
	[[ $line =~ ^[[:space:]]*curl[[:space:]] ]] || continue
	patience=1
	printed=$((printed + 1))
	echo "$line" >>"$temporary/commands"
done
[ "$printed" -gt 0 ] || { complain "nothing is served"; exit 1; }

while IFS= read -r command; do
	status=$(bash -c "$command -sS -o /dev/null -w '%{http_code}' --max-time 10" </dev/null) || status=000
	case "$status" in
	2* | 3*) ;;
	*) complain "${command}: status ${status}" ;;
	esac
done <"$temporary/commands"

# answers runs a command and says whether the lines of the file are in the answer.
# Where the README shows one of several backends it takes a few tries.
answers() {
	local command=$1 expected=$2 try line complete
	for try in 1 2 3 4 5 6 7 8; do
		bash -c "$command -sS --max-time 10" </dev/null 2>&1 | tr -d '\r' >"$temporary/answer" || true
		complete=true
		while IFS= read -r line; do
			grep -qxF -- "$line" "$temporary/answer" || complete=false
		done <"$expected"
		$complete && return 0
	done
	return 1
}

check() {
	[ -n "$command" ] || return 0
	checked=$((checked + 1))
	answers "$command" "$temporary/expected" && return 0
	complain "${command}: the README shows something else"
	diff "$temporary/expected" "$temporary/answer" >&2 || true
}

checked=0 command='' inside=false
while IFS= read -r line; do
	case "$line" in
	'```console') inside=true ;;
	'```')
		$inside && check
		inside=false command=''
		;;
	'$ '*)
		$inside || continue
		check
		command=${line#'$ '}
		: >"$temporary/expected"
		;;
	*) if [ -n "$command" ]; then echo "$line" >>"$temporary/expected"; fi ;;
	esac
done <"$readme"
[ "$checked" -gt 0 ] || complain "$readme shows no answers"

echo "verify-quickstart: $printed printed commands and $checked answers of the README checked"
exit "$failed"
