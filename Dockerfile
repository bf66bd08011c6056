# Two images, one for each service: `make images`, or
#
#   docker build --target dispatcher --tag ringback/dispatcher:0.1.0 .
#
# The sources are in them as they are run (Node 24 needs no build), with the production dependencies of
# that service alone, on a base without shell or package manager.
#
# Both bases are pinned by digest; docs/operations.md tells how to look up newer ones, and how to give
# others: --build-arg RUNTIME_IMAGE=registry.example.com/nodejs24@sha256:…
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:9eeb7f5887d0e239e78264b06f7f11d2e14be534050481803a9e4728fcdd278e

FROM ${BUILD_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/contracts/package.json libs/contracts/
COPY libs/runtime/package.json libs/runtime/
COPY services/subscriptions/package.json services/subscriptions/
COPY services/dispatcher/package.json services/dispatcher/
# In no image, but npm compares the lockfile with all that it names.
COPY cli/package.json cli/
COPY console/package.json console/

# No install scripts: nothing that runs in production has one.
FROM manifests AS subscriptions-dependencies
RUN ["npm", "ci", "--omit=dev", "--ignore-scripts", "--workspace=services/subscriptions"]

FROM manifests AS dispatcher-dependencies
RUN ["npm", "ci", "--omit=dev", "--ignore-scripts", "--workspace=services/dispatcher"]

# The pages of the console and the portal, as files. What builds them is in no image.
FROM manifests AS console
RUN ["npm", "ci", "--include=dev", "--ignore-scripts", "--workspace=console"]
COPY tsconfig.json ./
COPY console ./console
RUN ["node", "node_modules/vite/bin/vite.js", "build", "console"]

FROM ${RUNTIME_IMAGE} AS runtime
WORKDIR /app
ENV NODE_ENV=production
# By number, so that Kubernetes can see that it is not root. All files are root's: nothing that runs can
# change what runs, and nothing is written, so that the file system may be read-only.
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node"]
ARG VERSION=0.0.0-unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.vendor="Ringback" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY package.json ./
COPY libs ./libs

FROM runtime AS subscriptions
LABEL org.opencontainers.image.title="Ringback subscriptions" \
      org.opencontainers.image.description="The API: agents and their event subscriptions"
COPY --from=subscriptions-dependencies /app/node_modules ./node_modules
COPY services/subscriptions ./services/subscriptions
COPY console/package.json ./console/
COPY --from=console /app/console/dist ./console/dist
EXPOSE 8080 9081
CMD ["services/subscriptions/src/main.ts"]

FROM runtime AS dispatcher
LABEL org.opencontainers.image.title="Ringback dispatcher" \
      org.opencontainers.image.description="Delivers events to HTTPS endpoints"
COPY --from=dispatcher-dependencies /app/node_modules ./node_modules
COPY services/dispatcher ./services/dispatcher
EXPOSE 9082
CMD ["services/dispatcher/src/main.ts"]
