#!/usr/bin/env bash
# Usage: hack/sbom.sh CYCLONEDX_GOMOD NAME...
# Writes dist/kubera-NAME.cdx.json for each program cmd/NAME: the modules that are
# linked into it for the image's system, Go's own library among them, and their
# licences. kubera is the name of cmd/kubera.
#
# Without times and serial numbers, the same sources give the same files.
set -euo pipefail
tool=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p dist

export CGO_ENABLED=0 GOOS="${GOOS:-linux}" GOARCH="${GOARCH:-amd64}"
for name; do
	output=dist/kubera-${name}.cdx.json
	[ "$name" != kubera ] || output=dist/kubera.cdx.json
	"$tool" app -json -std -licenses -assert-licenses -noserial -notimestamp -main "cmd/$name" -output "$output" . 2>/dev/null
	echo "$output"
done
