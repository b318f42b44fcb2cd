// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ExposureType is how a portal is reached from outside the cluster.
//
// +kubebuilder:validation:Enum=None;Ingress;Gateway
type ExposureType string

const (
	// ExposedByNone leaves it to others to lead people to the portal's Service.
	ExposedByNone ExposureType = "None"
	// ExposedByIngress makes an Ingress.
	ExposedByIngress ExposureType = "Ingress"
	// ExposedByGateway makes an HTTPRoute of the Gateway API.
	ExposedByGateway ExposureType = "Gateway"
)

// Exposure is a union on type. The host is that of publicURL.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'Ingress' || !has(self.ingress)",message="ingress is set only when type is Ingress"
// +kubebuilder:validation:XValidation:rule="self.type == 'Gateway' ? has(self.gateway) : !has(self.gateway)",message="gateway is set exactly when type is Gateway"
type Exposure struct {
	// type of the exposure. Defaults to None: the portal has a Service, and nothing leads to it. The object of a former type
	// is removed; an Ingress stays until the Gateway has accepted the route that takes its place.
	// +optional
	// +kubebuilder:default=None
	Type ExposureType `json:"type,omitempty"`

	// ingress tunes the Ingress.
	// +optional
	Ingress *IngressExposure `json:"ingress,omitempty"`

	// gateway says which Gateway the portal's HTTPRoute is for. It needs the Gateway API, version v1, in the cluster.
	// +optional
	Gateway *GatewayExposure `json:"gateway,omitempty"`
}

// IngressExposure tunes an Ingress.
type IngressExposure struct {
	// className is the IngressClass. Defaults to the cluster's default class.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClassName *string `json:"className,omitempty"`

	// annotations of the Ingress, as its controller or a DNS tool reads them.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('alumni-operator.io/'))",message="annotations of alumni-operator.io/ are the operator's own; name another key"
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`
}

// GatewayExposure names the Gateway of an HTTPRoute.
type GatewayExposure struct {
	// parentRef is the Gateway that the route asks to be taken by.
	// +required
	ParentRef GatewayReference `json:"parentRef"`
}

// GatewayReference names a Gateway. It is the only reference that may leave the network's namespace: platform teams
// share one Gateway, and the Gateway itself says in allowedRoutes whose routes it takes. No content of the other
// namespace is read.
type GatewayReference struct {
	// name of the Gateway.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// namespace of the Gateway. Defaults to the network's own.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the listener of the Gateway. Defaults to every listener that takes the host.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SectionName string `json:"sectionName,omitempty"`
}

// PortalTLS is the certificate of an Ingress: from a Secret, or from cert-manager.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretName) != has(self.issuerRef)",message="set exactly one of secretName and issuerRef"
type PortalTLS struct {
	// secretName is a Secret of type kubernetes.io/tls in the same namespace. The operator does not read it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// issuerRef is the issuer from which cert-manager gets a certificate, into the Secret <name>-portal-tls.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`
}

// IssuerKind is a kind of issuer that cert-manager knows.
//
// +kubebuilder:validation:Enum=Issuer;ClusterIssuer
type IssuerKind string

const (
	// IssuerOfNamespace serves one namespace.
	IssuerOfNamespace IssuerKind = "Issuer"
	// IssuerOfCluster serves every namespace.
	IssuerOfCluster IssuerKind = "ClusterIssuer"
)

// IssuerReference names an issuer of cert-manager.
type IssuerReference struct {
	// kind of the issuer: Issuer, of the same namespace, or ClusterIssuer. Defaults to Issuer.
	// +optional
	// +kubebuilder:default=Issuer
	Kind IssuerKind `json:"kind,omitempty"`

	// name of the issuer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// PortalAutoscaling lets a HorizontalPodAutoscaler choose the number of replicas.
//
// +kubebuilder:validation:XValidation:rule="self.minReplicas <= self.maxReplicas",message="minReplicas is at most maxReplicas"
type PortalAutoscaling struct {
	// minReplicas is the lowest number of replicas. Defaults to 2.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	MinReplicas int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the highest number of replicas.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	MaxReplicas int32 `json:"maxReplicas"`

	// targetCPUPercent is the mean use of CPU to aim at, in percent of the request of one replica. Defaults to 80.
	// +optional
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	TargetCPUPercent int32 `json:"targetCPUPercent,omitempty"`
}

// CIDR is a range of addresses.
//
// +kubebuilder:validation:MinLength=4
// +kubebuilder:validation:MaxLength=49
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="a range of addresses is a CIDR such as 10.0.0.0/8 or 2001:db8::/32"
type CIDR string

// AnnotationValue is the text of one annotation.
//
// +kubebuilder:validation:MaxLength=4096
type AnnotationValue string

// LabelValue is the text of one label.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$')",message="the value of a label has letters, digits, '-', '_' and '.' only, and begins and ends with a letter or digit"
type LabelValue string
