# The house's commands. `make` alone lists them. GO, FUZZTIME, BENCH and COUNT can be given.
GO       ?= go
FUZZTIME ?= 10s
BENCH    ?= .
COUNT    ?= 10

.PHONY: help check race lint golden fuzz bench demo

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

check: ## gofmt, vet, modernisers, build without cgo, all tests
	@out=$$(gofmt -l .); test -z "$$out" || { echo "gofmt wants to change: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) fix -diff -slicescontains=false -stringsbuilder=false ./...
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) test ./...

race: ## all tests under the race detector, shuffled, uncached
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -count=1 ./...

lint: ## golangci-lint; the first call builds it, which takes some minutes
	.ci/lint

golden: ## rewrite golden files where a package has an -update flag; read the diff
	@for dir in $$(grep -rlE --include='*_test.go' 'flag\.Bool\("update"' . | xargs -rn1 dirname | sort -u); do \
		$(GO) test $$dir -update || exit 1; done

fuzz: ## every fuzz target for FUZZTIME each
	.ci/fuzz $(FUZZTIME)

bench: ## benchmarks COUNT times each, to pipe into benchstat
	$(GO) test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) ./...

demo: ## hunt in the embedded synthetic case
	$(GO) run ./cmd/aldebaran demo
