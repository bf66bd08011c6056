# Every target gets the clone ready first (scripts/set-up.sh), which takes no time once it is.

# Node 24 comes from the npm package "node". A shell that is not make's default one is looked up
# and run each time, so that every make (macOS has 3.81) uses this PATH for the commands below.
SHELL := bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# more arguments for vitest, such as TEST_ARGS="scripts --reporter=verbose"
TEST_ARGS ?=
TEST_LONG := npx vitest run --config vitest.long.config.ts

.DEFAULT_GOAL := help
.PHONY: alerts-live help set-up demo test test-long fuzz-events fuzz backlog restart-backlog redelivery-load agents-load load history-load chaos bench check house openapi asyncapi settings receiving pictures api-key up console header-key reencrypt dashboards monitoring-proof images images-proof sbom k8s format clean backup restore

##@ try it

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / {printf "\n%s:\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

demo: set-up ## deliver the sample events to a receiver, with failures and retries, and show every attempt
	@node scripts/demo.ts

up: set-up ## run nats-server and both services until Ctrl-C
	@node scripts/up.ts

api-key: set-up ## make an API key: WORKSPACE=acme (and SCOPES=read,write FILE=api-keys.json EXPIRES=2030-01-31 KEY_ID=…)
	@node scripts/make-api-key.ts

header-key: set-up ## make a file of keys that encrypt header values, or add a key (FILE=…)
	@node scripts/header-key.ts "$(FILE)"

##@ operate

images: set-up ## build both images (ENGINE=podman, TAG=…, IMAGE_PREFIX=…, BUILD_ARGS="…", LOCAL_BASES=true: docs/operations.md)
	@node scripts/images.ts

images-proof: set-up ## build both images on bases of this machine's own files and deliver an event with them; Linux, root, podman
	IMAGES_PROOF=true npx vitest run test/deploy/images.test.ts $(TEST_ARGS)

sbom: set-up ## list what is in each image, as CycloneDX, in .run/sbom
	@mkdir -p .run/sbom
	@for service in subscriptions dispatcher; do \
		npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx --sbom-type=application \
			--workspace=services/$$service > .run/sbom/$$service.cdx.json && echo ".run/sbom/$$service.cdx.json"; \
	done

k8s: set-up ## make the generated files of deploy/ again (streams, consumers, rules, dashboards)
	@node scripts/k8s.ts

dashboards: set-up ## write Grafana's dashboards again (RUNBOOK_BASE_URL=https://… : where runbooks are read)
	@node scripts/dashboards.ts

reencrypt: set-up ## encrypt all stored header values with the first key (settings from the environment)
	@node services/subscriptions/src/reencrypt/main.ts

backup: set-up ## copy the streams into BACKUP_DIR (settings from the environment: docs/procedures.md)
	@node services/subscriptions/src/backup/main.ts

restore: set-up ## make streams from a copy in BACKUP_DIR, while both services are stopped
	@node services/subscriptions/src/backup/restore-main.ts

##@ develop

set-up: ## get the clone ready: npm packages, Node 24, nats-server
	@bash scripts/set-up.sh

test: set-up ## run every test (TEST_ARGS="…" goes to vitest)
	npm test -- $(TEST_ARGS)

test-long: set-up ## run the tests that wait for minutes or start many processes: kills, outages, upgrades, memory
	$(TEST_LONG) $(TEST_ARGS)

console: set-up ## develop the console with reload, against a running service (API=http://127.0.0.1:8080)
	@npm run dev --workspace console

check: set-up ## check types, lint, format, and known vulnerabilities where the registry tells
	npm run check

format: set-up ## format every file
	npm run format

bench: set-up ## measure on loopback for many minutes (SCENARIO=latency, BENCH_FORM=short for seconds: docs/performance.md); Linux
	@node bench/run.ts

openapi: set-up ## write docs/openapi.json again from the routes' schemas
	@node scripts/openapi.ts

asyncapi: set-up ## write docs/asyncapi.yaml again from the schemas of what is on the streams
	@node scripts/asyncapi.ts

settings: set-up ## write docs/settings.md and .env.example again from the services' schemas
	@node scripts/settings.ts

receiving: set-up ## write the examples and event types in docs/receiving-webhooks.md again
	@node scripts/receiving.ts

pictures: set-up ## draw the pictures of the console in docs/images from a live stack, in a quarter of an hour (ONLY=call,overview); needs Chromium
	@node scripts/pictures.ts

house: set-up ## count files, lines, rooms and circles of the product code (ARGS="--root ../another-checkout")
	@node scripts/house.ts $(ARGS)

fuzz: set-up ## send 100,000 arbitrary bodies to the API (make test sends 1,500)
	FUZZ_BODIES=100000 npm test -- test/http/fuzzed-bodies.test.ts $(TEST_ARGS)

fuzz-events: set-up ## publish 20,000 arbitrary messages on EVENTS (make test takes 500)
	FUZZ_MESSAGES=20000 npm test -- test/intake/fuzzed-events.test.ts $(TEST_ARGS)

backlog: set-up ## drain 50,000 events that were published before, and watch memory (make test-long takes 25,000)
	BACKLOG_EVENTS=50000 $(TEST_LONG) test/intake/memory.long.ts $(TEST_ARGS)

restart-backlog: set-up ## kill and start a dispatcher and nats-server with 10,000 events of one agent (make test-long takes 1,500)
	RESTART_EVENTS=10000 $(TEST_LONG) test/system/crash/restart-with-backlog.long.ts $(TEST_ARGS)

redelivery-load: set-up ## redeliver 20,000 dead letters with the API killed twice meanwhile (make test-long takes 600)
	REDELIVERIES=20000 $(TEST_LONG) test/redelivery/api-killed.long.ts $(TEST_ARGS)

agents-load: set-up ## start the subscriptions service with 100,000 agents (make test-long takes 20,000)
	AGENTS=100000 $(TEST_LONG) test/agents/many-agents.long.ts $(TEST_ARGS)

history-load: set-up ## lists over 100,000 events and 250,000 attempts; wants the machine to itself
	npx vitest run --config vitest.history.config.ts $(TEST_ARGS)

load: set-up ## tests that want the machine to themselves: hostile endpoints, bytes in flight, no quorum, a silent connection
	npx vitest run --config vitest.load.config.ts $(TEST_ARGS)

chaos: set-up ## break a cluster of three under load, and check what came of it (FAULT=node-frozen, SECONDS=30, RATE=40)
	@node test/system/chaos/main.ts

monitoring-proof: set-up ## watch a failing endpoint in a real Prometheus for minutes, and draw docs/images
	MONITORING_PICTURES=docs/images $(TEST_LONG) test/monitoring/real-prometheus.long.ts $(TEST_ARGS)

alerts-live: set-up ## make each failure that an alert is for on running services, and time the alerts of a real Prometheus; about 75 minutes, Linux, root
	@node test/monitoring/live/main.ts

clean: ## remove what set-up and runs have made: node_modules, .tools, .run
	rm -rf node_modules .tools .run
