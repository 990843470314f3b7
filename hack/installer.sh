#!/usr/bin/env bash
# Usage: hack/installer.sh KUSTOMIZE IMG PROXY_IMG
# Prints all that a cluster needs, with these images, but for the GatewayClass, which
# the controller makes. It works on a copy, so that the files in config/ don't change
# with every image that is tried.
set -euo pipefail
kustomize=$(realpath "$1") image=$2 proxy_image=$3
cd "$(dirname "${BASH_SOURCE[0]}")/.."
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

cp -r config "$temporary/"
(cd "$temporary/config/manager" &&
	"$kustomize" edit set image "controller=$image" "proxy=$proxy_image")
"$kustomize" build "$temporary/config/default"
