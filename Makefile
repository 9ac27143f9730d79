# What one can do here. `make help` prints it.
SHELL := /bin/bash
.PHONY: help setup build run test check bench soak golden

# Real readers need the headers of PC/SC; evaluated when used, after setup.
TAGS  = $(shell pkg-config --exists libpcsclite 2>/dev/null && echo pcsc)
# Which source this is: kazasu version says so.
REVISION = $(shell git describe --always --dirty --exclude='*' 2>/dev/null)
BUILD    = go build -tags "$(TAGS)" -ldflags "-X kazasu/internal/cli.Revision=$(REVISION)" -o bin/kazasu .
STAGE = @scripts/stage
PARTS = KAZASU_PARTS=$(CURDIR)/out/parts

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## install what is missing of Debian's packages, once
	@scripts/setup

build: setup ## bin/kazasu
	@$(BUILD)

run: setup ## the main job: a login on a virtual card, the suite, a report in out/demo
	$(STAGE) build $(BUILD)
	$(STAGE) demo bin/kazasu demo --out out/demo

test: setup ## every test under the race detector, then what ran of the real parts
	@rm -rf out/parts && mkdir -p out/parts
	$(STAGE) compile go build -race -tags "$(TAGS)" ./...
	@code=0; \
	scripts/stage "go test" env $(PARTS) go test -race -count=1 -timeout 12m -tags "$(TAGS)" ./... || code=1; \
	scripts/stage "real parts" env $(PARTS) go run ./internal/realparts/table || code=1; \
	exit $$code

check: setup ## gofmt, vet, staticcheck, and builds without cgo for three systems
	$(STAGE) gofmt scripts/gofmt
	$(STAGE) vet go vet -tags "$(TAGS)" ./...
	$(STAGE) staticcheck go tool staticcheck -tags "$(TAGS)" ./...
	$(STAGE) "linux without cgo" env CGO_ENABLED=0 go build ./...
	$(STAGE) darwin/arm64 env CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build ./...
	$(STAGE) windows/amd64 env CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build ./...

bench: setup ## every benchmark
	$(STAGE) bench go test -run '^$$' -bench . -benchmem -tags "$(TAGS)" ./...

soak: setup ## the long tests, and each fuzz target for a while
	$(STAGE) soak go test -race -count=1 -timeout 60m -tags "soak $(TAGS)" ./...
	$(STAGE) fuzz scripts/fuzz 30s

golden: setup ## write the golden files anew; read the diff before you commit it
	$(STAGE) golden scripts/golden
