# syntax=docker/dockerfile:1
# One image with every program of the operator, so that their versions cannot
# drift apart. hack/images builds the same content without Docker.

FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
ARG TARGETOS TARGETARCH VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    mkdir -p /out && \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X github.com/alumni-operator/alumni-operator/internal/version.version=$VERSION" \
      -o /out/ ./cmd/manager ./cmd/portal ./cmd/worker ./cmd/pgboot && \
    printf 'root:x:0:0:root:/:/nonexistent\nnonroot:x:65532:65532:nonroot:/:/nonexistent\n' >/out/passwd && \
    printf 'root:x:0:\nnonroot:x:65532:\n' >/out/group

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="alumni-operator" \
      org.opencontainers.image.description="Runs alumni networks: their stores, portals, campaigns and retention" \
      org.opencontainers.image.source="https://github.com/alumni-operator/alumni-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/passwd /out/group /etc/
COPY --from=build /out/manager /out/portal /out/worker /out/pgboot /
COPY LICENSE NOTICE /licenses/
USER 65532:65532
ENTRYPOINT ["/manager"]
