# Everything that is done to this project. `make help` lists it.
SHELL := /bin/bash -euo pipefail
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The cluster of `make demo`: local makes one; current takes the kubeconfig's.
CLUSTER ?= local
# Images for CLUSTER=current; its nodes must be able to pull them.
IMG ?=
DEMO_IMG ?=
# Version that is built into the programs.
VERSION ?= dev
# More flags for every go test, such as GO_TEST_FLAGS=-race.
GO_TEST_FLAGS ?=
# How long each fuzz test runs, and how often each benchmark.
FUZZTIME ?= 20s
BENCHTIME ?= 1x

# Tests, linters and images share one build cache because all build without C.
ifneq ($(findstring -race,$(GO_TEST_FLAGS)),)
export CGO_ENABLED := 1
else
export CGO_ENABLED := 0
endif

# What only a debugger reads is left out of every build, of the local cluster's programs too: so all share one cache.
ifeq ($(findstring -dwarf=false,$(GOFLAGS)),)
export GOFLAGS := $(strip $(GOFLAGS) -gcflags=all=-dwarf=false)
endif

# The linter's cache remembers paths, so each checkout has its own.
export GOLANGCI_LINT_CACHE ?= $(CURDIR)/bin/lint-cache

STEP := ./hack/step.sh
CLUSTER_TOOL := go -C hack/cluster run .
IMAGES_TOOL := go -C hack/images run .
# Modules of their own beside the operator's; tools are tested by their makers.
MODULES := $(patsubst %/go.mod,%,$(wildcard hack/*/go.mod))
# The packages of the operator's module without those that need a cluster or an idle machine.
# Those that take longest come first, so that no core waits for them at the end.
PACKAGES = ./test/upgrade ./controllers/alumninetwork ./internal/postgres ./internal/campaign \
	$$(go list ./... | grep -vE '/test/(e2e|perf)(/|$$)')
# Those whose tests start no server.
PURE_PACKAGES = $$(go list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... | \
	grep -vE '/internal/testutil/(pg|kube|store)|/test/' | cut -d ' ' -f 1)

##@ Start here

.PHONY: help
help: ## List the commands.
	@awk 'BEGIN { FS = ":.*## "; printf "Usage: make COMMAND [VARIABLE=value]\n" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install what the machine lacks (as root on Debian) or name it.
	@./hack/deps.sh test cluster images browser

.PHONY: demo
demo: ## Show the whole job on a real cluster (CLUSTER=current IMG=… for a cluster that you have).
	@./hack/deps.sh cluster images
	@go run ./hack/demo $(DEMO_FLAGS)

.PHONY: demo-down
demo-down: ## Remove everything that the demo made.
	@go run ./hack/demo -down $(DEMO_FLAGS)

ifeq ($(CLUSTER),current)
DEMO_FLAGS := -current $(if $(IMG),-image $(IMG)) $(if $(DEMO_IMG),-demo-image $(DEMO_IMG))
else ifneq ($(CLUSTER),local)
$(error CLUSTER is local or current, not $(CLUSTER))
endif

##@ Development

.PHONY: generate
generate: ## Write deepcopy functions and apply configurations from api/.
	@stamp=$$(mktemp); trap 'rm -f "$$stamp"' EXIT; controller_gen=$$(./hack/tool.sh controller-gen); \
	"$$controller_gen" object:headerFile=hack/boilerplate.go.txt \
		applyconfiguration:headerFile=hack/boilerplate.go.txt paths=./api/...; \
	find api -path '*/applyconfiguration/*' -name '*.go' ! -newer "$$stamp" -print -delete

.PHONY: manifests
manifests: ## Write CRDs and RBAC roles from the markers in api/ and controllers/.
	@"$$(./hack/tool.sh controller-gen)" crd paths=./api/... output:crd:dir=config/crd/bases
	@"$$(./hack/tool.sh controller-gen)" rbac:roleName=manager,headerFile=hack/boilerplate.yaml.txt \
		paths=./controllers/... output:rbac:dir=config/rbac

.PHONY: docs
docs: ## Write the references of the API, and of what a store holds of people.
	@mkdir -p docs/api
	@"$$(./hack/tool.sh crd-ref-docs)" --log-level=ERROR --source-path=api/v1alpha1 --renderer=markdown \
		--config=hack/tools/crd-ref-docs/config.yaml \
		--output-path=docs/api/v1alpha1.md
	@go run ./hack/categories > docs/categories.md.new && mv docs/categories.md.new docs/categories.md

.PHONY: fmt
fmt: ## Format the code and order its imports.
	@linter=$$(./hack/tool.sh golangci-lint); \
	for module in . $(MODULES); do (cd "$$module" && "$$linter" fmt --config "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: build
build: ## Build the programs into bin/.
	@mkdir -p bin
	@$(STEP) "Building into bin/" go build -trimpath \
		-ldflags "-s -w -X github.com/alumni-operator/alumni-operator/internal/version.version=$(VERSION)" \
		-o bin/ ./cmd/...

.PHONY: assets
assets: ## Build etcd, API server and controller-manager for tests; print their folder.
	@$(CLUSTER_TOOL) assets

.PHONY: tools
tools: ## Build the generators and the linter.
	@for tool in controller-gen crd-ref-docs golangci-lint; do ./hack/tool.sh $$tool; done

.PHONY: images
images: ## Build the images for the local cluster without Docker; print the tarballs.
	@./hack/deps.sh images
	@$(IMAGES_TOOL) all

##@ Verification

.PHONY: test
test: ## What must be green: lint, generated files, and every test that needs no cluster.
	@./hack/deps.sh test
	@$(STEP) "What all the rest is built with" env GOGC=400 go -C hack/cluster build -o /dev/null .
	@$(STEP) "Control plane for the tests, and beside it what needs none" $(MAKE) -j2 assets static
	@$(STEP) "Unit, golden, API-server and database tests" $(MAKE) test-go
	@$(STEP) "Tests of the modules under hack/" $(MAKE) test-modules

.PHONY: static
static: tools ## What must be green and runs no test: generated files, licences, lint.
	@$(MAKE) verify
	@$(STEP) "Lint" $(MAKE) lint

.PHONY: test-unit
test-unit: ## The tests that start no server, in seconds.
	@go test -vet=off $(GO_TEST_FLAGS) $(PURE_PACKAGES)

# One package more than there are cores: tests of databases wait now and then.
.PHONY: test-go
test-go: ## All tests of the operator's module but e2e and performance.
	@KUBEBUILDER_ASSETS="$$($(CLUSTER_TOOL) assets)" \
		go test -vet=off -timeout 15m -p $$(($$(nproc) + 1)) $(GO_TEST_FLAGS) $(PACKAGES)

.PHONY: test-modules
test-modules: ## The tests of the modules under hack/.
	@for module in $(MODULES); do echo "$$module:"; go -C "$$module" test -vet=off $(GO_TEST_FLAGS) ./...; done

.PHONY: e2e
e2e: ## The stories on a real cluster, made for them and removed after, and the tests that need a browser, kubectl or S3.
	@./hack/deps.sh test cluster images browser
	@$(MAKE) -j2 test-stories test-beside

.PHONY: test-stories
test-stories: ## The stories on a real cluster (part of e2e).
	@$(STEP) "End-to-end stories" go test -count=1 -vet=off -v -parallel 4 -timeout 60m $(GO_TEST_FLAGS) ./test/e2e/...

# The stories mostly wait; this fills the time.
.PHONY: test-beside
test-beside: ## What needs a browser, kubectl or S3, and no cluster (part of e2e).
	@$(STEP) "The installation by kubectl" $(MAKE) test-install
	@$(STEP) "Backups in a bucket" $(MAKE) test-s3
	@$(STEP) "The portal in a browser" $(MAKE) test-browser

.PHONY: test-browser
test-browser: ## The portal in a real browser (part of e2e; needs no cluster).
	@go test -count=1 -vet=off -v -timeout 15m -tags browser $(GO_TEST_FLAGS) ./test/browser/...

.PHONY: test-install
test-install: ## What kubectl makes of config/, at a real API server (part of e2e; needs no cluster).
	@$(CLUSTER_TOOL) build --only kubectl
	@KUBEBUILDER_ASSETS="$$($(CLUSTER_TOOL) assets)" \
		go test -count=1 -vet=off -timeout 15m -tags install $(GO_TEST_FLAGS) ./test/install

.PHONY: test-s3
test-s3: ## Backups and the erasure ledger on a real S3 server (part of e2e; needs no cluster).
	@go test -count=1 -vet=off -timeout 15m -tags s3 $(GO_TEST_FLAGS) ./internal/backup ./internal/erasures

.PHONY: bench
bench: ## The figures of docs/performance.md; use an idle machine.
	@./hack/deps.sh test cluster images
	@KUBEBUILDER_ASSETS="$$($(CLUSTER_TOOL) assets)" $(STEP) "Benchmarks" \
		go test -run '^$$' -bench . -skip '^Benchmark(Churn|Chaos)$$' -benchtime $(BENCHTIME) -timeout 60m -v ./test/perf/...

.PHONY: bench-churn
bench-churn: ## Steady change of many networks, as docs/performance.md tells; use an idle machine.
	@./hack/deps.sh test
	@KUBEBUILDER_ASSETS="$$($(CLUSTER_TOOL) assets)" $(STEP) "Benchmark of steady change" \
		go test -run '^$$' -bench '^BenchmarkChurn$$' -benchtime 1x -timeout 120m -v ./test/perf/...

.PHONY: bench-campaign
bench-campaign: ## The figures of campaigns alone; use an idle machine.
	@./hack/deps.sh test
	@$(STEP) "Benchmark of campaigns" \
		go test -run '^$$' -bench '^BenchmarkCampaign$$' -benchtime $(BENCHTIME) -timeout 30m -v ./test/perf/...

.PHONY: bench-audience
bench-audience: ## Planning campaigns to a million members; fails when a plan leaves its indexes.
	@./hack/deps.sh test
	@$(STEP) "Benchmark of audiences" \
		go test -run '^$$' -bench '^BenchmarkAudience$$' -benchtime 1x -timeout 30m -v ./internal/campaign

.PHONY: bench-feed
bench-feed: ## Reading the feed of 100,000 members with a million posts and comments; fails when a plan leaves its indexes.
	@./hack/deps.sh test
	@$(STEP) "Benchmark of the feed" \
		go test -run '^$$' -bench '^BenchmarkFeed$$' -benchtime 1x -timeout 30m -v ./internal/community/pgstore

.PHONY: chaos-campaign
chaos-campaign: ## Kill workers, lose answers, stop servers: who got none, one or more of 100,000 mails.
	@./hack/deps.sh test
	@$(STEP) "Campaigns under faults" \
		go test -run '^$$' -bench '^BenchmarkChaos$$' -benchtime 1x -timeout 60m -v ./test/perf/...

.PHONY: fuzz
fuzz: ## Every fuzz test for FUZZTIME (20s).
	@grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' api cmd controllers internal test | sort | while read -r file; do \
		grep -oE '^func Fuzz[A-Za-z0-9_]+' "$$file" | cut -d ' ' -f 2 | while read -r name; do \
			$(STEP) "$$name in $$(dirname "$$file")" \
				go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")"; \
		done; \
	done

.PHONY: lint
lint: ## Lint the operator and the modules under hack/.
	@linter=$$(./hack/tool.sh golangci-lint); status=0; export GOGC=400; \
	for module in . $(MODULES); do \
		echo "lint $$module"; \
		(cd "$$module" && "$$linter" run --allow-parallel-runners --config "$(CURDIR)/.golangci.yml" ./...) || status=1; \
	done; exit $$status

.PHONY: verify
verify: ## Generated files, licences and shell scripts are in order; go itself checks every module that it fetches.
	@$(STEP) "Generated files" ./hack/verify-generated.sh
	@$(STEP) "Licences of dependencies" ./hack/verify-licences.sh
	@$(STEP) "Shell scripts" bash -c 'for script in hack/*.sh .ci/run; do bash -n "$$script" || exit 1; done'
