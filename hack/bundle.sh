#!/usr/bin/env bash
# Usage: hack/bundle.sh KUSTOMIZE IMG PROXY_IMG ROOT FLAGS...
# Writes the bundle, with these images, below ROOT, which is "." or, for
# hack/verify.sh, elsewhere. FLAGS are those of hack/bundle.
set -euo pipefail
kustomize=$(realpath "$1") image=$2 proxy_image=$3 root=$4
shift 4
cd "$(dirname "${BASH_SOURCE[0]}")/.."
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# A copy, so that the files in config/ don't change.
cp -r config "$temporary/"
(cd "$temporary/config/manager" &&
	"$kustomize" edit set image "controller=$image" "proxy=$proxy_image")
"$kustomize" build "$temporary/config/manifests" >"$temporary/manifests.yaml"
go run ./hack/bundle --manifests "$temporary/manifests.yaml" --icon config/manifests/icon.svg --root "$root" "$@"
