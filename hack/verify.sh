#!/usr/bin/env bash
# Usage: hack/verify.sh CONTROLLER_GEN KUSTOMIZE
# Fails, having checked everything, if generated files differ from what would be
# generated, if Go files are not formatted or lack the licence, if go.mod is not
# tidy, or if a kustomization doesn't build, or builds what an API server would refuse.
# Changes nothing.
set -euo pipefail
controller_gen=$1 kustomize=$2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
failed=0

complain() {
	echo "verify: $1" >&2
	failed=1
}

hack/generate.sh manifests "$controller_gen" "$temporary"
hack/generate.sh deepcopy "$controller_gen" "$temporary"
diff -ru config/crd/bases "$temporary/config/crd/bases" >&2 ||
	complain "the CRDs are stale: run make manifests"
diff -u docs/reference.md "$temporary/docs/reference.md" >&2 ||
	complain "docs/reference.md is stale: run make manifests"
diff -u config/rbac/role.yaml "$temporary/config/rbac/role.yaml" >&2 ||
	complain "config/rbac/role.yaml is stale: run make manifests"
diff -ru charts/kubera/files "$temporary/charts/kubera/files" >&2 ||
	complain "the chart's copies of config/ are stale: run make manifests"
diff -u api/v1alpha1/zz_generated.deepcopy.go "$temporary/api/v1alpha1/zz_generated.deepcopy.go" >&2 ||
	complain "the deep copies are stale: run make generate"

env -u MAKEFLAGS -u IMG -u PROXY_IMG make --no-print-directory bundle BUNDLE_ROOT="$temporary" >/dev/null &&
	diff -ru bundle "$temporary/bundle" >&2 && diff -u bundle.Dockerfile "$temporary/bundle.Dockerfile" >&2 ||
	complain "the bundle is stale: run make bundle"

# Tracked files and new ones, so that the check holds before a commit too.
files() { git ls-files --cached --others --exclude-standard -- "$@"; }

unformatted=$(files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || complain "not formatted, run make fmt:"$'\n'"$unformatted"

header=$(head -n 2 hack/boilerplate.go.txt)
for file in $(files '*.go' ':!*zz_generated*'); do
	[ "$(head -n 2 "$file")" = "$header" ] ||
		complain "$file doesn't begin with the lines of hack/boilerplate.go.txt"
done

go mod tidy -diff >/dev/null || complain "go.mod is not tidy: run go mod tidy"

# What is built is kept, to be checked as objects.
rendered="$temporary/rendered"
mkdir "$rendered"
keep() { cat >"$rendered/${1//\//-}.yaml"; }

components=()
for kustomization in $(files 'config/**/kustomization.yaml' 'examples/**/kustomization.yaml'); do
	directory=$(dirname "$kustomization")
	if grep -q '^kind: Component' "$kustomization"; then
		components+=("$directory")
		continue
	fi
	"$kustomize" build "$directory" | keep "$directory" ||
		complain "$kustomization doesn't build"
done

# Components are built as part of config/default only: each alone, and all together.
with_components() {
	rm -rf "$temporary/copy"
	mkdir "$temporary/copy"
	cp -r config "$temporary/copy/"
	(cd "$temporary/copy/config/default" &&
		"$kustomize" edit add component "${@/#/../../}" && "$kustomize" build .) >"$temporary/built.yaml" ||
		complain "config/default doesn't build with $*"
	keep "default with $*" <"$temporary/built.yaml"
	for component in "$@"; do
		for resource in $(sed -n '/^resources:/,/^[^-]/s/^- //p' "$component/kustomization.yaml"); do
			kind=$(sed -n 's/^kind: //p' "$component/$resource")
			grep -q "^kind: $kind\$" "$temporary/built.yaml" ||
				complain "config/default with $* has no $kind"
		done
	done
}
for component in "${components[@]}"; do
	with_components "$component"
done
# In the order that config/default gives, in which they change each other.
mapfile -t ordered < <(sed -n 's|^#- \.\./|config/|p' config/default/kustomization.yaml)
diff <(printf '%s\n' "${components[@]}" | sort) <(printf '%s\n' "${ordered[@]}" | sort) >&2 ||
	complain "config/default doesn't name all components"
with_components "${ordered[@]}"
! grep -q insecureSkipVerify "$temporary/built.yaml" ||
	complain "with cert-manager, the ServiceMonitor still doesn't verify the controller"

go run ./test/yaml "$rendered"/*.yaml ||
	complain "what is built is no valid YAML of Kubernetes"

exit "$failed"
