// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package check

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
)

// Unchecked are kinds whose objects are decoded and no more, and why.
var Unchecked = map[runtimeschema.GroupVersionKind]string{
	{Group: "operators.coreos.com", Version: "v1alpha1", Kind: "ClusterServiceVersion"}: "hack/bundle checks it",
	{Group: "scorecard.operatorframework.io", Version: "v1alpha3", Kind: "Configuration"}: "hack/bundle checks it; " +
		"in config/scorecard it gets its tests by patches",
	{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "ConformanceReport"}: "the conformance suite writes it",
}

// unnamed objects are no objects of a cluster.
func unnamed(gvk runtimeschema.GroupVersionKind) bool { return gvk.Kind == "ConformanceReport" }

// others are kinds of the operators that Kubera's manifests can work with, with the
// fields that they use: a field that is not here is not known to exist.
var others = map[runtimeschema.GroupVersionKind]func() any{
	monitoring("ServiceMonitor"): func() any { return new(serviceMonitor) },
	monitoring("PodMonitor"):     func() any { return new(podMonitor) },
	monitoring("PrometheusRule"): func() any { return new(prometheusRule) },
	certManager("Certificate"):   func() any { return new(certificate) },
	certManager("Issuer"):        func() any { return new(issuer) },
}

func monitoring(kind string) runtimeschema.GroupVersionKind {
	return runtimeschema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: kind}
}

func certManager(kind string) runtimeschema.GroupVersionKind {
	return runtimeschema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: kind}
}

type object struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
}

type serviceMonitor struct {
	object `json:",inline"`
	Spec   struct {
		Endpoints         []endpoint           `json:"endpoints"`
		NamespaceSelector namespaceSelector    `json:"namespaceSelector"`
		Selector          metav1.LabelSelector `json:"selector"`
	} `json:"spec"`
}

type podMonitor struct {
	object `json:",inline"`
	Spec   struct {
		NamespaceSelector   namespaceSelector    `json:"namespaceSelector"`
		PodMetricsEndpoints []endpoint           `json:"podMetricsEndpoints"`
		PodTargetLabels     []string             `json:"podTargetLabels"`
		Selector            metav1.LabelSelector `json:"selector"`
	} `json:"spec"`
}

type namespaceSelector struct {
	Any        bool     `json:"any"`
	MatchNames []string `json:"matchNames"`
}

type endpoint struct {
	BearerTokenFile string    `json:"bearerTokenFile"`
	Interval        string    `json:"interval"`
	Path            string    `json:"path"`
	Port            string    `json:"port"`
	Scheme          string    `json:"scheme"`
	ScrapeTimeout   string    `json:"scrapeTimeout"`
	TLSConfig       tlsConfig `json:"tlsConfig"`
}

type tlsConfig struct {
	CA                 secretOrConfigMap `json:"ca"`
	InsecureSkipVerify bool              `json:"insecureSkipVerify"`
	ServerName         string            `json:"serverName"`
}

type secretOrConfigMap struct {
	ConfigMap key `json:"configMap"`
	Secret    key `json:"secret"`
}

type key struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

type prometheusRule struct {
	object `json:",inline"`
	Spec   struct {
		Groups []struct {
			Name  string `json:"name"`
			Rules []struct {
				Alert       string            `json:"alert"`
				Expr        string            `json:"expr"`
				For         string            `json:"for"`
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"spec"`
}

type certificate struct {
	object `json:",inline"`
	Spec   struct {
		DNSNames  []string `json:"dnsNames"`
		IssuerRef struct {
			Group string `json:"group"`
			Kind  string `json:"kind"`
			Name  string `json:"name"`
		} `json:"issuerRef"`
		SecretName string `json:"secretName"`
	} `json:"spec"`
}

type issuer struct {
	object `json:",inline"`
	Spec   struct {
		SelfSigned *struct{} `json:"selfSigned"`
	} `json:"spec"`
}
