# The front door. `make lab` shows the main job, `make test` runs the tests of every change.

SITE    := examples/lab/site.toml
SLURMHA := target/x86_64-unknown-linux-gnu/release/slurmha
# The test itself is built as the unit tests are; what it tests is what is shipped.
LAB_TEST := SLURMHA_BINARY=$(CURDIR)/$(SLURMHA) cargo test --locked -p slurmha --features lab-tests --test lab -- --nocapture

.PHONY: help lab lab-down build requirements test check unit page lab-test drills alerts quiet crowd proofs deny bench

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

lab: requirements build ## Bring a cluster up in virtual machines, break it, show the proof
	$(SLURMHA) lab up
	$(SLURMHA) apply --yes $(SITE)
	$(SLURMHA) drill acceptance $(SITE)
	@# Somebody outside sends a job through WireGuard and the portal, and reads its output: between the two is
	@# the power cut of the drill, whose report is printed in the end.
	SLURMHA_LAB_HOME=$(HOME) SLURMHA_LAB_PARTS='VPN,people outside' $(LAB_TEST) --exact the_main_job
	@cat "$$(ls -t $(HOME)/.local/state/slurmha/reports/*-power-loss.txt | head -1)"
	@printf "%s\n" "" "What now:" "  $(SLURMHA) status $(SITE)        one screen" "  $(SLURMHA) lab ssh ctl1               a shell on a machine" "  $(SLURMHA) drill list                 what else can be broken" "  $(SLURMHA) lab freeze | thaw          keep this cluster for later" "  docs/guide/portal.md                  jobs with a browser, in this laboratory" "  make lab-down                         remove it"

lab-down: build ## Remove the laboratory; the image stays in the cache
	$(SLURMHA) lab down

build: ## Build the binary, static, as it travels to the machines
	cargo build --release --locked

requirements: ## Install what is missing (or say what, when not root)
	tools/requirements

test: requirements check unit page lab-test ## The tests of every change, the laboratory's included

check: ## Formatting, lints, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

unit: ## Every test that needs no virtual machine
	cargo test --workspace --locked

page: build ## The console and the portal in a real browser, during a failover (UPDATE_EXPECTED=1 draws docs/pictures anew)
	tools/page-test $(SLURMHA)

lab-test: build ## The main job in virtual machines, with its assertions
	$(LAB_TEST)

drills: requirements build ## What make test has no time for: ocf-tester, a planned move, people at a terminal, a killed handler, slurmctld hangs, a snapshot, nodes and arbiter come and go, nobody reaches the active controller, both lose power
	$(LAB_TEST) --ignored more_is_survived

alerts: requirements build ## Raise every alert that a laboratory can raise and see it arrive (an hour; writes target/alerts.md)
	$(LAB_TEST) --ignored every_alert_arrives

quiet: requirements build ## See a healthy cluster raise no alert for an hour
	$(LAB_TEST) --ignored a_healthy_hour

crowd: requirements build ## A hundred clients submit while the active controller loses power (a quarter of an hour)
	$(LAB_TEST) --ignored a_hundred_clients

proofs: requirements build ## Undo each setting that a failover rests on, and see its drill fail (long; writes target/proofs.md)
	$(LAB_TEST) --ignored broken_settings

deny: ## Licences, bans and sources of the dependencies (needs cargo-deny)
	cargo deny check licenses bans sources

bench: ## Measure against the other way of doing the same work (an hour or two; bench/run --help)
	bench/run
