#!/usr/bin/env bash
# Usage: hack/catalog.sh OPM BUNDLE_IMG
# Writes dist/catalog/kubera/catalog.yaml, a file-based catalog that has BUNDLE_IMG,
# which has to be in a registry, and dist/catalog.Dockerfile, which makes an image of it.
# To keep earlier versions, list their bundles in dist/catalog.semver.yaml, too, and
# render it anew.
set -euo pipefail
opm=$1 bundle_image=$2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p dist/catalog/kubera

cat >dist/catalog.semver.yaml <<TEMPLATE
Schema: olm.semver
GenerateMajorChannels: false
GenerateMinorChannels: true
Candidate:
  Bundles:
  - Image: ${bundle_image}
TEMPLATE
"$opm" alpha render-template semver -o yaml dist/catalog.semver.yaml >dist/catalog/kubera/catalog.yaml
"$opm" validate dist/catalog
rm -f dist/catalog.Dockerfile
"$opm" generate dockerfile dist/catalog
