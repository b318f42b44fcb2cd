module github.com/alumni-operator/alumni-operator/hack/tools/traefik-parts

go 1.26.8

require (
	github.com/go-acme/lego/v4 v4.33.0
	sigs.k8s.io/gateway-api v1.4.0
)
