# Images of the controller and the metrics adapter, for those who have a container engine; `make images` needs none.
#
#   docker build --target controller      -t keda-controller      --build-arg VERSION=0.1.0 .
#   docker build --target metrics-adapter -t keda-metrics-adapter --build-arg VERSION=0.1.0 .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=dev
ARG COMMIT=
ENV CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH
RUN go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/keda-operator ./controller \
 && go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/keda-metrics-apiserver ./metricsadapter

FROM scratch AS base
# Event sources are reached over TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# By number, because only that lets Kubernetes check runAsNonRoot.
USER 65532:65532

FROM base AS metrics-adapter
COPY --from=build /out/keda-metrics-apiserver /
ENTRYPOINT ["/keda-metrics-apiserver"]

FROM base AS controller
COPY --from=build /out/keda-operator /
ENTRYPOINT ["/keda-operator"]
