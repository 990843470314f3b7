# Targets for people and for CI. "make" lists them.

MAKEFLAGS += --warn-undefined-variables --no-builtin-rules
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Built into the programs.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# Images of the controller and of the proxies that it starts. Another tag than
# latest, because nodes would ask a registry for that whatever was loaded into them.
IMG ?= kubera-controller:devel
PROXY_IMG ?= kubera-proxy:devel
# docker, podman or buildah. Flags of its build and of its push, such as
# --isolation chroot --storage-driver vfs where buildah has to do without privileges.
CONTAINER_TOOL ?= docker
CONTAINER_BUILD_FLAGS ?=
CONTAINER_PUSH_FLAGS ?=
# Of docker-buildx, and of what the bundle says that the images are for.
PLATFORMS ?= linux/amd64,linux/arm64
# Labels of the images. The date is the commit's, so that they don't differ by it.
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
CREATED ?= $(shell git show -s --format=%cI HEAD 2>/dev/null || echo 1970-01-01T00:00:00Z)

# The release of make helm-deploy, and what helm is told beside.
HELM_NAMESPACE ?= kubera-system
HELM_RELEASE ?= kubera
HELM_EXTRA_ARGS ?=

# Where make run keeps the Secret of the control channel's authority.
RUN_NAMESPACE ?= default

KUBECTL ?= $(if $(shell command -v kubectl),kubectl,$(KUBERNETES)/kubectl)
# ignore-not-found=true lets uninstall and undeploy pass over what is gone.
ignore-not-found ?= false
# FORCE=true lets undeploy remove the controller of Gateways that are still there.
FORCE ?= false

# Tools, at these versions, are installed into LOCALBIN when a target needs them.
LOCALBIN := $(CURDIR)/bin
CONTROLLER_GEN_VERSION ?= v0.23.0
KUSTOMIZE_VERSION ?= v5.8.1
GOLANGCI_LINT_VERSION ?= v2.15.0
HELM_VERSION ?= v4.3.1
CYCLONEDX_GOMOD_VERSION ?= v1.10.0
CRANE_VERSION ?= v0.22.1

CONTAINERD_VERSION ?= v2.4.2
CNI_VERSION ?= v1.9.1
KUBERNETES_VERSION := $(shell awk '$$1 == "k8s.io/kubernetes" { print $$2 }' hack/kubernetes/go.mod)

CONTROLLER_GEN := $(LOCALBIN)/controller-gen-$(CONTROLLER_GEN_VERSION)
KUSTOMIZE := $(LOCALBIN)/kustomize-$(KUSTOMIZE_VERSION)
GOLANGCI_LINT := $(LOCALBIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)
HELM := $(LOCALBIN)/helm-$(HELM_VERSION)
CYCLONEDX_GOMOD := $(LOCALBIN)/cyclonedx-gomod-$(CYCLONEDX_GOMOD_VERSION)
CRANE := $(LOCALBIN)/crane-$(CRANE_VERSION)
KUBERNETES := $(LOCALBIN)/kubernetes-$(KUBERNETES_VERSION)
CONTAINERD := $(LOCALBIN)/containerd-$(CONTAINERD_VERSION)
CNI := $(LOCALBIN)/cni-$(CNI_VERSION)

# The channel of the Gateway API's CRDs that a test cluster gets, or none.
GATEWAY_API_CHANNEL ?= experimental
# The test cluster of make cluster-up, and the way to it.
CLUSTER := bin/testcluster
CLUSTER_KUBECONFIG := $(LOCALBIN)/cluster/kubeconfig
CLUSTER_PROGRAMS = --kubernetes $(KUBERNETES) --containerd $(CONTAINERD) --cni $(CNI) --pause $(LOCALBIN)/images/pause

# The race detector needs a C compiler. A machine without one still runs the tests.
RACE ?= $(if $(shell command -v cc),-race,)
TEST_PACKAGES ?= ./...
TEST_TIMEOUT ?= 20m
FUZZ_TIME ?= 10s
BENCH ?= .
SOAK_DURATION ?= 60s
SOAK_DOWNLOAD ?= 1073741824
# A cluster where Kubera is deployed, and where load balancers have addresses that can
# be reached from here.
E2E_KUBECONFIG ?=
# Of the conformance suite: tests by regular expression (all), profiles (all), whether
# to leave the tests' objects, whether to end with the first test that fails, and the
# version of Kubera that the report tells.
RUN ?=
PROFILES ?=
KEEP ?=
FAIL_FAST ?=
CONFORMANCE_VERSION ?= main
# Listeners on ports below 1024 need privileges, so the quickstart adds this.
PORT_OFFSET ?= 8000

# Of the bundle: the version of the release, where catalogs offer it, its image, and
# where it is written to. USE_IMAGE_DIGESTS=true wants IMG and PROXY_IMG by digest.
BUNDLE_VERSION ?= 0.1.0
CHANNELS ?= candidate
DEFAULT_CHANNEL ?= $(firstword $(subst $(comma), ,$(CHANNELS)))
USE_IMAGE_DIGESTS ?= false
IMAGE_TAG_BASE ?= kubera
BUNDLE_IMG ?= $(IMAGE_TAG_BASE)-bundle:v$(BUNDLE_VERSION)
CATALOG_IMG ?= $(IMAGE_TAG_BASE)-catalog:v$(BUNDLE_VERSION)
BUNDLE_ROOT ?= .
OPM ?= opm
# Images of a release, unless somebody names others.
BUNDLE_IMAGES = $(if $(filter file,$(origin IMG)),kubera-controller:$(BUNDLE_VERSION),$(IMG)) \
	$(if $(filter file,$(origin PROXY_IMG)),kubera-proxy:$(BUNDLE_VERSION),$(PROXY_IMG))
comma := ,

GO_BUILD := go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
# What tests run in a cluster has flags in common, so that it is compiled once. Images
# have no libraries: their programs are linked statically.
STATIC := CGO_ENABLED=0

##@ General

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "; printf "Usage: make TARGET\n"} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-zA-Z0-9_-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: quickstart
quickstart: bin/kubera ## Serve examples/quickstart in this terminal, without a cluster.
	bin/kubera run -f examples/quickstart --port-offset $(PORT_OFFSET) \
		--echo stable=127.0.0.1:9001 --echo canary=127.0.0.1:9002

##@ Development

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Generate the CRDs, their reference and the role of the controller.
	hack/generate.sh manifests $(CONTROLLER_GEN) .

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate the deep copies of the API types, and copy the Gateway API's CRDs.
	hack/generate.sh deepcopy $(CONTROLLER_GEN) .
	go generate ./internal/manifest/schema

.PHONY: fmt
fmt: ## Format the Go files.
	git ls-files -z '*.go' | xargs -0 gofmt -w

.PHONY: vet
vet: ## Run go vet.
	go vet ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters; building them takes minutes the first time.
	$(GOLANGCI_LINT) run
	cd test/conformance && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml
	cd test/monitoring && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Run the linters and mend what they can.
	$(GOLANGCI_LINT) run --fix

.PHONY: verify
verify: $(CONTROLLER_GEN) $(KUSTOMIZE) ## Fail if generated files are stale, unformatted or don't build.
	hack/verify.sh $(CONTROLLER_GEN) $(KUSTOMIZE)

##@ Tests

.PHONY: test
test: ## Run the tests that need no cluster with the race detector, against a real API server.
	@$(if $(RACE),,echo "make test: no C compiler, so without the race detector" >&2)
	assets=$$(hack/envtest-assets.sh) && \
	KUBEBUILDER_ASSETS="$$assets" go test $(RACE) -timeout $(TEST_TIMEOUT) $(TEST_PACKAGES)

.PHONY: test-unit
test-unit: ## Run the tests that need no API server, without the race detector.
	env -u KUBEBUILDER_ASSETS go test -timeout $(TEST_TIMEOUT) $(TEST_PACKAGES)

.PHONY: test-cluster
test-cluster: cluster-programs ## Test that the test cluster starts, and leaves nothing behind; as root.
	CLUSTER=$(CURDIR)/$(CLUSTER) CLUSTER_PROGRAMS='$(CLUSTER_PROGRAMS)' KUBECTL='$(KUBERNETES)/kubectl' \
		go test -tags cluster -count=1 -timeout $(TEST_TIMEOUT) ./test/cluster/lifecycle

# The release before this one, which its programs must get on with.
OLD ?= 567c347

.PHONY: test-skew
test-skew: ## Test this controller with the proxies of the commit OLD, and that one's controller with these proxies.
	assets=$$(hack/envtest-assets.sh) && old=$$(hack/skew.sh $(OLD)) && \
	KUBEBUILDER_ASSETS="$$assets" OLD_PROGRAMS="$$old" \
		go test -tags skew -count=1 -timeout $(TEST_TIMEOUT) ./test/envtest -ginkgo.v -ginkgo.focus 'A release after another'

.PHONY: envtest-assets
envtest-assets: ## Provide etcd and kube-apiserver for the tests, and print where.
	@hack/envtest-assets.sh

.PHONY: update-goldens
update-goldens: ## Rewrite the expected part of the golden files.
	go test ./internal/gatewayapi ./internal/infra -run Golden -update
	UPDATE_GOLDEN=true go test ./internal/manifest

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZ_TIME (10s).
	hack/fuzz.sh $(FUZZ_TIME)

.PHONY: bench
bench: ## Run the benchmarks that match BENCH (all).
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./caddymodule/... ./internal/...

.PHONY: bench-compare
bench-compare: bin/kubera-proxy bin/caddy ## Compare the proxy with nginx, HAProxy and Caddy; needs wrk and them.
	go run ./test/bench

.PHONY: soak
soak: ## Change everything under load for SOAK_DURATION (60s) and lose nothing.
	go test ./test/soak -count=1 -v -timeout 20m -soak.duration $(SOAK_DURATION) -soak.download $(SOAK_DOWNLOAD) $(if $(shell command -v wrk),-soak.wrk,)

.PHONY: test-e2e
test-e2e: $(if $(E2E_KUBECONFIG),,cluster-for-tests) ## Test Kubera deployed in the test cluster, or in that of E2E_KUBECONFIG.
	KUBECONFIG='$(or $(E2E_KUBECONFIG),$(CLUSTER_KUBECONFIG))' KUBECTL='$(KUBECTL)' \
		$(STATIC) go test -trimpath -tags e2e -count=1 -timeout 40m ./test/e2e -ginkgo.v

.PHONY: conformance
conformance: cluster-for-tests ## Run the Gateway API's conformance suite; RUN=REGEXP and PROFILES=LIST choose, KEEP=true leaves the objects.
	addresses=$$($(CLUSTER) addresses) && env $$addresses KUBECONFIG=$(CLUSTER_KUBECONFIG) KUBECTL='$(KUBECTL)' \
		RUN='$(RUN)' PROFILES='$(PROFILES)' KEEP='$(KEEP)' FAIL_FAST='$(FAIL_FAST)' VERSION=$(CONFORMANCE_VERSION) CHANNEL=$(GATEWAY_API_CHANNEL) \
		hack/conformance.sh

.PHONY: test-docs
test-docs: cluster-for-tests $(HELM) bin/kubera bin/kubera-controller ## Do what the pages say about clusters in the test cluster; RUN=REGEXP chooses pages.
	KUBECONFIG=$(CLUSTER_KUBECONFIG) PATH="$(KUBERNETES):$$PATH" \
		go test -tags docs -count=1 -timeout 40m ./test/docs -run 'TestClusterPages/$(RUN)'

.PHONY: verify-quickstart
verify-quickstart: ## Do what README.md and the quickstart's say, and compare what is printed.
	go test -count=1 ./test/docs -run 'TestPages/(README|examples/quickstart)'

# How long the controller and the API server are away in make test-operations.
OUTAGE ?= 30s
API_OUTAGE ?= 30s
# Specs of it by regular expression, all of them if empty.
OPERATIONS ?=

.PHONY: test-operations
test-operations: ## Test operations under load in the test cluster; OUTAGE=10m API_OUTAGE=5m is the long form.
	$(STATIC) go build -trimpath -ldflags "-s -w" -o bin/images/backend ./test/operations/backend
	$(STATIC) go test -trimpath -tags operations -c -o bin/operations.test ./test/operations
	$(MAKE) --no-print-directory cluster-deploy
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/backend kubera.test/backend:1
	cd test/operations && KUBECONFIG=$(CLUSTER_KUBECONFIG) KUBECTL='$(KUBECTL)' CLUSTER=$(CURDIR)/$(CLUSTER) CTR=$(CONTAINERD)/ctr \
		OUTAGE=$(OUTAGE) API_OUTAGE=$(API_OUTAGE) $(CURDIR)/bin/operations.test -test.timeout 90m -ginkgo.v \
		$(if $(OPERATIONS),-ginkgo.focus '$(OPERATIONS)',)

##@ Test cluster (a Kubernetes node on this Linux machine, as root; see CONTRIBUTING.md)

.PHONY: cluster-up
cluster-up: cluster-programs ## Start the test cluster, with the CRDs of the Gateway API.
	$(CLUSTER) up $(CLUSTER_PROGRAMS)
	@$(if $(filter none,$(GATEWAY_API_CHANNEL)),,$(MAKE) --no-print-directory gateway-api KUBECONFIG=$(CLUSTER_KUBECONFIG) >/dev/null)

.PHONY: cluster-down
cluster-down: $(CLUSTER) ## End the test cluster, and leave nothing of it but its logs.
	$(CLUSTER) down

.PHONY: cluster-load
cluster-load: cluster-images $(CLUSTER) ## Build the images IMG and PROXY_IMG and give them to the test cluster.
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/kubera-controller --dockerfile Dockerfile.controller $(IMG)
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/kubera-proxy --dockerfile Dockerfile.proxy $(PROXY_IMG)

.PHONY: cluster-deploy
cluster-deploy: export KUBECONFIG = $(CLUSTER_KUBECONFIG)
cluster-deploy: ## Bring the test cluster up, and deploy Kubera there as it is in this directory.
	$(MAKE) --no-print-directory cluster-up
	$(MAKE) --no-print-directory cluster-load
	$(MAKE) --no-print-directory deploy
	hack/rollout.sh $(KUBECTL)

# One after the other, also with make -j.
.PHONY: cluster-for-tests
cluster-for-tests:
	$(MAKE) --no-print-directory cluster-deploy
	$(MAKE) --no-print-directory cluster-load-conformance

.PHONY: cluster-shell
cluster-shell: $(CLUSTER) ## Open a shell in the namespaces of the node.
	$(CLUSTER) run -- $${SHELL:-bash}

.PHONY: cluster-programs
cluster-programs: cluster-check $(KUBERNETES) $(CONTAINERD) $(CNI) bin/images/pause ## Build what the test cluster runs: 12 minutes once.

# Before the minutes, not after.
.PHONY: cluster-check
cluster-check: $(CLUSTER)
	@$(CLUSTER) check

.PHONY: cluster-load-conformance
cluster-load-conformance: ## Give the backends of the conformance suite to the test cluster.
	cd test/conformance && $(STATIC) go build -trimpath -ldflags "-s -w" -o $(LOCALBIN)/images/ \
		./coredns sigs.k8s.io/gateway-api/conformance/echo-basic
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/echo-basic \
		$(addprefix registry.k8s.io/gateway-api/echo-basic:,v1.5.1 v1.6.0-dev.2 v1.6.0-dev.3)
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/coredns --user 0:0 registry.k8s.io/coredns/coredns:v1.12.2

.PHONY: cluster-images
cluster-images:
	$(STATIC) $(GO_BUILD) -o bin/images/kubera-controller ./cmd/controller
	$(STATIC) $(GO_BUILD) -o bin/images/kubera-proxy ./cmd/proxy

.PHONY: $(CLUSTER)
$(CLUSTER):
	@$(STATIC) go build -trimpath -o $@ ./test/cluster

bin/images/pause: test/cluster/pause/main.go
	$(STATIC) go build -trimpath -ldflags "-s -w" -o $@ ./test/cluster/pause

##@ Build

.PHONY: build
build: bin/kubera-controller bin/kubera-proxy bin/kubera ## Build the three programs into bin/.

.PHONY: bin/kubera-controller
bin/kubera-controller: ## Build the operator.
	$(GO_BUILD) -o $@ ./cmd/controller

.PHONY: bin/kubera-proxy
bin/kubera-proxy: ## Build the proxy.
	$(GO_BUILD) -o $@ ./cmd/proxy

.PHONY: bin/kubera
bin/kubera: ## Build the command line.
	$(GO_BUILD) -o $@ ./cmd/kubera

bin/caddy:
	GOBIN=$(LOCALBIN) go install github.com/caddyserver/caddy/v2/cmd/caddy@$(shell go list -m -f '{{.Version}}' github.com/caddyserver/caddy/v2)

.PHONY: run
run: bin/kubera-controller ## Run the operator on this machine, against the current kubectl context.
	bin/kubera-controller --leader-elect=false --namespace=$(RUN_NAMESPACE) --proxy-image=$(PROXY_IMG) --network-policies=false

.PHONY: build-installer
build-installer: $(KUSTOMIZE) ## Write all that a cluster needs to dist/install.yaml.
	mkdir -p dist
	hack/installer.sh $(KUSTOMIZE) $(IMG) $(PROXY_IMG) >dist/install.yaml

##@ Images (docs/images.md)

# What a build is told. GOPROXY and GOFLAGS are those of the environment, if it has any.
IMAGE_ARGS = --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --build-arg CREATED=$(CREATED) \
	--build-arg GOPROXY --build-arg GOFLAGS $(CONTAINER_BUILD_FLAGS)

.PHONY: docker-build
docker-build: ## Build the images IMG and PROXY_IMG with CONTAINER_TOOL (docker).
	$(CONTAINER_TOOL) build $(IMAGE_ARGS) -f Dockerfile.controller -t $(IMG) .
	$(CONTAINER_TOOL) build $(IMAGE_ARGS) -f Dockerfile.proxy -t $(PROXY_IMG) .

.PHONY: docker-push
docker-push: ## Push the images IMG and PROXY_IMG.
	$(CONTAINER_TOOL) push $(CONTAINER_PUSH_FLAGS) $(IMG)
	$(CONTAINER_TOOL) push $(CONTAINER_PUSH_FLAGS) $(PROXY_IMG)

.PHONY: docker-buildx
docker-buildx: ## Build IMG and PROXY_IMG for all PLATFORMS, and push them.
	$(call build-and-push,Dockerfile.controller,$(IMG))
	$(call build-and-push,Dockerfile.proxy,$(PROXY_IMG))

# build-and-push makes the image $2 by the file $1. Docker can't keep an image of
# several platforms without pushing it; podman and buildah can, and add to one that is
# there, hence the removal. Older ones of them don't know what BUILDPLATFORM is.
define build-and-push
$(if $(filter docker,$(notdir $(CONTAINER_TOOL))),\
$(CONTAINER_TOOL) buildx build $(IMAGE_ARGS) --platform $(PLATFORMS) $(CONTAINER_PUSH_FLAGS) --push -f $(1) -t $(2) .,\
! $(CONTAINER_TOOL) manifest exists $(2) || $(CONTAINER_TOOL) manifest rm $(2)
$(CONTAINER_TOOL) build $(IMAGE_ARGS) --build-arg BUILDPLATFORM=linux/$$(go env GOHOSTARCH) --platform $(PLATFORMS) --manifest $(2) -f $(1) .
$(CONTAINER_TOOL) manifest push --all $(CONTAINER_PUSH_FLAGS) $(2) docker://$(2))
endef

.PHONY: sbom
sbom: $(CYCLONEDX_GOMOD) ## Write what the programs consist of, with licences, to dist/*.cdx.json.
	hack/sbom.sh $(CYCLONEDX_GOMOD) controller proxy kubera

.PHONY: verify-images
verify-images: $(CRANE) ## Build the images with buildah, for two platforms, and look into them; as root.
	hack/verify-images.sh $(CRANE)

##@ Bundle (for the Operator Lifecycle Manager, see docs/olm.md)

.PHONY: bundle
bundle: $(KUSTOMIZE) ## Write the bundle of BUNDLE_VERSION with IMG and PROXY_IMG, and check it.
	hack/bundle.sh $(KUSTOMIZE) $(BUNDLE_IMAGES) $(BUNDLE_ROOT) --version $(BUNDLE_VERSION) --platforms $(PLATFORMS) \
		--channels $(CHANNELS) --default-channel $(DEFAULT_CHANNEL) --digests=$(USE_IMAGE_DIGESTS)

.PHONY: bundle-build
bundle-build: ## Build the image BUNDLE_IMG of the bundle.
	$(CONTAINER_TOOL) build $(CONTAINER_BUILD_FLAGS) -f bundle.Dockerfile -t $(BUNDLE_IMG) .

.PHONY: bundle-push
bundle-push: ## Push the image BUNDLE_IMG.
	$(CONTAINER_TOOL) push $(CONTAINER_PUSH_FLAGS) $(BUNDLE_IMG)

.PHONY: catalog
catalog: ## Write a file-based catalog with BUNDLE_IMG to dist/catalog; needs opm.
	hack/catalog.sh $(OPM) $(BUNDLE_IMG)

.PHONY: catalog-build
catalog-build: ## Build the image CATALOG_IMG of the catalog.
	$(CONTAINER_TOOL) build $(CONTAINER_BUILD_FLAGS) -f dist/catalog.Dockerfile -t $(CATALOG_IMG) dist

.PHONY: catalog-push
catalog-push: ## Push the image CATALOG_IMG.
	$(CONTAINER_TOOL) push $(CONTAINER_PUSH_FLAGS) $(CATALOG_IMG)

##@ Deployment (the CRDs of the Gateway API must be in the cluster)

.PHONY: gateway-api
gateway-api: $(KUSTOMIZE) ## Install the Gateway API's CRDs, of GATEWAY_API_CHANNEL (experimental).
	$(KUSTOMIZE) build "$$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd/$(GATEWAY_API_CHANNEL)" | \
		$(KUBECTL) apply --server-side -f -

.PHONY: install
install: $(KUSTOMIZE) ## Install Kubera's CRDs into the current kubectl context.
	$(KUSTOMIZE) build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove Kubera's CRDs, and all objects of their kinds.
	$(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found=$(ignore-not-found) -f -

.PHONY: deploy
deploy: $(KUSTOMIZE) ## Deploy CRDs and operator, which makes the GatewayClass, with IMG and PROXY_IMG.
	hack/installer.sh $(KUSTOMIZE) $(IMG) $(PROXY_IMG) | $(KUBECTL) apply --server-side -f -

# First the GatewayClass, while there is a controller that lets go of it.
.PHONY: undeploy
undeploy: $(KUSTOMIZE) bin/kubera-controller ## Remove what deploy made, unless there are Gateways; FORCE=true leaves them.
	@bin/kubera-controller cleanup $(if $(filter true,$(FORCE)),,--fail-if-served) || { \
		echo "make undeploy: nothing was removed. With Gateways in the way, delete them, or run make undeploy FORCE=true:" >&2; \
		echo "their proxies then serve on what they have, and get nothing new, until Kubera is deployed again, and" >&2; \
		echo "parameters and filters, which go with the CRDs, are applied again." >&2; \
		exit 1; }
	hack/installer.sh $(KUSTOMIZE) $(IMG) $(PROXY_IMG) | $(KUBECTL) delete --ignore-not-found=$(ignore-not-found) -f -

##@ Monitoring

.PHONY: test-monitoring
test-monitoring: ## Test alerts and dashboards against the metrics that there are.
	cd test/monitoring && go test ./...

.PHONY: update-monitoring
update-monitoring: ## Write the PrometheusRule and the dashboards anew.
	cd test/monitoring && go test . -update

##@ Helm (the chart charts/kubera)

.PHONY: helm-lint
helm-lint: $(HELM) ## Lint and render the chart, with its defaults and with each file of values in charts/kubera/ci.
	hack/helm-lint.sh $(HELM)

.PHONY: helm-package
helm-package: $(HELM) ## Write the chart to dist/kubera-VERSION.tgz.
	$(HELM) package charts/kubera --destination dist

.PHONY: helm-deploy
helm-deploy: $(HELM) ## Install or upgrade the release HELM_RELEASE with IMG and PROXY_IMG; HELM_EXTRA_ARGS gives values.
	$(HELM) upgrade --install $(HELM_RELEASE) charts/kubera --namespace $(HELM_NAMESPACE) --create-namespace --wait \
		$(call helm-image,controller,$(IMG)) $(call helm-image,proxy,$(PROXY_IMG)) $(HELM_EXTRA_ARGS)

.PHONY: helm-uninstall
helm-uninstall: $(HELM) ## Uninstall the release; its CRDs and its namespace stay.
	$(HELM) uninstall $(HELM_RELEASE) --namespace $(HELM_NAMESPACE) --wait

.PHONY: test-chart
test-chart: $(HELM) $(KUSTOMIZE) ## Test that the chart deploys what config/ does, and what its values do.
	HELM=$(HELM) KUSTOMIZE=$(KUSTOMIZE) go test -tags chart -count=1 ./test/chart

.PHONY: test-install
test-install: $(HELM) $(KUSTOMIZE) ## Install and remove Kubera in every way in the test cluster, where it must not be yet.
	$(MAKE) --no-print-directory cluster-up
	$(MAKE) --no-print-directory cluster-load-versions
	$(MAKE) --no-print-directory cluster-load-conformance
	KUBECONFIG=$(CLUSTER_KUBECONFIG) KUBECTL='$(KUBECTL)' HELM=$(HELM) \
		$(STATIC) go test -trimpath -tags install -count=1 -timeout 30m ./test/install -v -ginkgo.v $(if $(RUN),-ginkgo.focus '$(RUN)',)

# By the names that the chart has for them, and by those of a version after it.
INSTALL_VERSIONS := 0.1.0 0.1.1

.PHONY: cluster-load-versions
cluster-load-versions: cluster-images $(CLUSTER)
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/kubera-controller --dockerfile Dockerfile.controller \
		$(addprefix kubera-controller:,$(INSTALL_VERSIONS))
	$(CLUSTER) load --containerd $(CONTAINERD) --program bin/images/kubera-proxy --dockerfile Dockerfile.proxy \
		$(addprefix kubera-proxy:,$(INSTALL_VERSIONS))

.PHONY: chart-readme
chart-readme: $(HELM) $(KUSTOMIZE) ## Write the table of values in the README of the chart.
	HELM=$(HELM) KUSTOMIZE=$(KUSTOMIZE) go test -tags chart -count=1 ./test/chart -run TestReadme -update

# helm-image sets the image $1 of the chart to REPOSITORY:TAG or REPOSITORY@DIGEST $2.
helm-image = $(if $(findstring @,$(2)),\
	--set $(1).image.repository=$(firstword $(subst @, ,$(2))) --set $(1).image.digest=$(lastword $(subst @, ,$(2))),\
	--set $(1).image.repository=$(patsubst %:$(lastword $(subst :, ,$(2))),%,$(2)) --set-string $(1).image.tag=$(lastword $(subst :, ,$(2))))

##@ Tools

.PHONY: controller-gen
controller-gen: $(CONTROLLER_GEN) ## Install controller-gen.
$(CONTROLLER_GEN):
	$(call go-install-tool,controller-gen,sigs.k8s.io/controller-tools/cmd/controller-gen,$(CONTROLLER_GEN_VERSION))

.PHONY: kustomize
kustomize: $(KUSTOMIZE) ## Install kustomize.
$(KUSTOMIZE):
	$(call go-install-tool,kustomize,sigs.k8s.io/kustomize/kustomize/v5,$(KUSTOMIZE_VERSION))

.PHONY: golangci-lint
golangci-lint: $(GOLANGCI_LINT) ## Install golangci-lint.
$(GOLANGCI_LINT):
	$(call go-install-tool,golangci-lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(GOLANGCI_LINT_VERSION))

.PHONY: helm
helm: $(HELM) ## Install helm.
$(HELM):
	$(call go-install-tool,helm,helm.sh/helm/v4/cmd/helm,$(HELM_VERSION))

$(CYCLONEDX_GOMOD):
	$(call go-install-tool,cyclonedx-gomod,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod,$(CYCLONEDX_GOMOD_VERSION))

$(CRANE):
	$(call go-install-tool,crane,github.com/google/go-containerregistry/cmd/crane,$(CRANE_VERSION))

$(KUBERNETES):
	@hack/kubernetes.sh >/dev/null

$(CONTAINERD):
	$(call go-install-directory,$(addprefix github.com/containerd/containerd/v2/cmd/,containerd containerd-shim-runc-v2 ctr),$(CONTAINERD_VERSION))

$(CNI):
	$(call go-install-directory,$(addprefix github.com/containernetworking/plugins/plugins/,main/ptp main/loopback ipam/host-local),$(CNI_VERSION))

# go-install-directory builds the packages $1 at version $2 into the directory that
# is the target, whole or not at all.
define go-install-directory
@echo "building $(notdir $@) from source" >&2
@rm -rf $@.new
@GOBIN=$@.new CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" $(addsuffix @$(2),$(1))
@mv $@.new $@
endef

# go-install-tool builds package $2 at version $3 as LOCALBIN/$1-$3 and links
# LOCALBIN/$1 to it. A new version is another file, so it is built by itself.
define go-install-tool
@echo "building $(1) $(3) from source" >&2
@mkdir -p $(LOCALBIN)
@GOBIN=$(LOCALBIN) go install $(2)@$(3)
@mv $(LOCALBIN)/$(1) $(LOCALBIN)/$(1)-$(3)
@ln -sf $(1)-$(3) $(LOCALBIN)/$(1)
endef
