#!/usr/bin/env bash
# Usage: hack/verify-images.sh CRANE
# Builds the images of the Dockerfiles for two platforms with buildah, as
# make docker-buildx does, pushes them to a registry on 127.0.0.1 that lives as long
# as this script, and looks into what came of it (test/images), the bills of materials
# included. It needs root, buildah and runc, and no other image: the bases are
# stand-ins, made from this machine's Go and CA certificates. Modules come from this
# machine's module cache, and compiled packages from its build cache.
set -euo pipefail
crane=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.0.0-verify revision=$(git rev-parse HEAD)
platforms=(amd64 arm64)
bases=localhost/kubera-verify

for program in buildah runc; do
	command -v "$program" >/dev/null || {
		echo "verify-images: $program is missing: apt-get install -y --no-install-recommends $program" >&2
		exit 1
	}
done

temporary=$(mktemp -d)
registry=
# Storage of its own, so that no image of this machine is touched.
storage="--root $temporary/storage --runroot $temporary/run"
buildah="buildah $storage"
export BUILDAH_ISOLATION=chroot
# Buildah keeps copies of layers there.
export TMPDIR=$temporary

cleanup() {
	[ -z "$registry" ] || kill "$registry" 2>/dev/null || true
	$buildah rm --all >/dev/null 2>&1 || true
	umount "$temporary"/storage/* 2>/dev/null || true
	rm -rf "$temporary"
}
trap cleanup EXIT

authorities() {
	mkdir -p "$1/etc/ssl/certs"
	cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$1/etc/ssl/certs/ca-certificates.crt"
}

go_base() {
	local container root file
	container=$($buildah from scratch)
	root=$($buildah mount "$container")
	mkdir -p "$root"/{etc,root,go,src,usr/local/go}
	mkdir -m 1777 "$root/tmp"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	cp -r "$(go env GOROOT)"/{VERSION,bin,go.env,pkg,src} "$root/usr/local/go/"
	# RUN needs a shell.
	for file in /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	authorities "$root"
	$buildah umount "$container" >/dev/null
	$buildah config --env PATH=/usr/local/go/bin:/bin --env GOPATH=/go --env GOTOOLCHAIN=local "$container"
	$buildah commit --quiet --rm "$container" "$bases/golang" >/dev/null
}

static_base() {
	local architecture container root
	for architecture in "${platforms[@]}"; do
		container=$($buildah from --arch "$architecture" scratch)
		root=$($buildah mount "$container")
		mkdir -m 1777 "$root/tmp"
		authorities "$root"
		printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' >"$root/etc/passwd"
		$buildah umount "$container" >/dev/null
		$buildah config --os linux --arch "$architecture" "$container"
		$buildah commit --quiet --rm --manifest "$bases/static" "$container" "$bases/static-$architecture" >/dev/null
	done
}

serve_registry() {
	"$crane" registry serve --address 127.0.0.1:0 2>"$temporary/registry.log" &
	registry=$!
	local port=
	while [ -z "$port" ]; do
		kill -0 "$registry" || {
			cat "$temporary/registry.log" >&2
			exit 1
		}
		port=$(sed -n 's/.*serving on port \([0-9]*\).*/\1/p' "$temporary/registry.log")
	done
	address=127.0.0.1:$port
}

echo "verify-images: bases"
go_base
static_base
serve_registry

echo "verify-images: build for ${platforms[*]}"
go mod download
flags=(
	--network host --pull=false
	--build-arg "GO_IMAGE=$bases/golang" --build-arg "BASE_IMAGE=$bases/static"
	--volume "$(go env GOMODCACHE)/cache/download:/modules:ro"
	--volume "$(go env GOCACHE):/root/.cache/go-build"
)
platform_list=$(printf ',linux/%s' "${platforms[@]}")
GOPROXY=file:///modules make --no-print-directory docker-buildx \
	CONTAINER_TOOL="$buildah" CONTAINER_BUILD_FLAGS="${flags[*]}" CONTAINER_PUSH_FLAGS=--tls-verify=false \
	PLATFORMS="${platform_list#,}" VERSION="$version" REVISION="$revision" \
	IMG="$address/kubera-controller:verify" PROXY_IMG="$address/kubera-proxy:verify" >"$temporary/build.log" 2>&1 || {
	tail -n 50 "$temporary/build.log" >&2
	exit 1
}
make --no-print-directory bundle-build bundle-push CONTAINER_TOOL="$buildah" CONTAINER_PUSH_FLAGS=--tls-verify=false \
	BUNDLE_IMG="$address/kubera-bundle:verify" >"$temporary/bundle.log" 2>&1 || {
	tail -n 50 "$temporary/bundle.log" >&2
	exit 1
}
for name in kubera-controller kubera-proxy kubera-bundle; do
	"$crane" pull --format oci "$address/$name:verify" "$temporary/images/$name"
done

echo "verify-images: bills of materials"
make --no-print-directory sbom >/dev/null

echo "verify-images: look into them"
IMAGES="$temporary/images" BILLS="$PWD/dist" VERSION="$version" REVISION="$revision" PLATFORMS="${platforms[*]}" \
	go test -tags images -count=1 -v ./test/images
