// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"net/netip"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	labelvalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Validate says what is wrong with merged parameters, in words for the one who
// wrote them, each error naming its field; nil if they can be used. It sees what
// the rules of the CRDs can't: fields of the class and of the Gateway that don't
// go together, and values whose syntax is not in the schema.
func Validate(spec v1alpha1.GatewayParametersSpec) error {
	path := field.NewPath("spec")
	var errs field.ErrorList
	if spec.Deployment != nil {
		errs = append(errs, validateDeployment(path.Child("deployment"), spec.Deployment)...)
	}
	if spec.Service != nil {
		errs = append(errs, validateService(path.Child("service"), spec.Service)...)
	}
	if spec.Proxy != nil {
		errs = append(errs, validateProxy(path.Child("proxy"), spec.Proxy)...)
	}
	return errs.ToAggregate()
}

func validateDeployment(path *field.Path, d *v1alpha1.DeploymentParameters) field.ErrorList {
	var errs field.ErrorList
	if d.Replicas != nil && d.Autoscaling != nil {
		errs = append(errs, field.Forbidden(path.Child("replicas"), "excludes autoscaling: remove one of them"))
	}
	errs = append(errs, validateAutoscaling(path.Child("autoscaling"), d.Autoscaling)...)
	if b := d.PodDisruptionBudget; b != nil && (b.MinAvailable == nil) == (b.MaxUnavailable == nil) {
		errs = append(errs, field.Forbidden(path.Child("podDisruptionBudget"),
			"exactly one of minAvailable and maxUnavailable must be set"))
	}
	errs = append(errs, labelvalidation.ValidateLabels(d.NodeSelector, path.Child("nodeSelector"))...)
	errs = append(errs, labelvalidation.ValidateLabels(d.PodLabels, path.Child("podLabels"))...)
	errs = append(errs, apivalidation.ValidateAnnotations(d.PodAnnotations, path.Child("podAnnotations"))...)
	if d.Drain != nil {
		errs = append(errs, validateDuration(path.Child("drain", "delay"), d.Drain.Delay)...)
		errs = append(errs, validateDuration(path.Child("drain", "timeout"), d.Drain.Timeout)...)
	}
	if _, err := PatchDeployment(&appsv1.Deployment{}, d.Patch); err != nil {
		errs = append(errs, field.Forbidden(path.Child("patch"), err.Error()))
	}
	return errs
}

func validateAutoscaling(path *field.Path, a *v1alpha1.Autoscaling) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if a.MinReplicas != nil && *a.MinReplicas > a.MaxReplicas {
		errs = append(errs, field.Invalid(path.Child("minReplicas"), *a.MinReplicas, "is greater than maxReplicas"))
	}
	if a.Metrics != nil && a.TargetCPUUtilizationPercentage != nil {
		errs = append(errs, field.Forbidden(path.Child("targetCPUUtilizationPercentage"),
			"excludes metrics: add CPU to the metrics"))
	}
	return errs
}

func validateService(path *field.Path, s *v1alpha1.ServiceParameters) field.ErrorList {
	errs := apivalidation.ValidateAnnotations(s.Annotations, path.Child("annotations"))
	errs = append(errs, validateFieldsOfType(path, s)...)
	errs = append(errs, validateCIDRs(path.Child("loadBalancerSourceRanges"), s.LoadBalancerSourceRanges)...)
	seen := map[int32]bool{}
	for i, p := range s.NodePorts {
		if seen[p.NodePort] {
			errs = append(errs, field.Duplicate(path.Child("nodePorts").Index(i).Child("nodePort"), p.NodePort))
		}
		seen[p.NodePort] = true
	}
	if len(s.IPFamilies) > 1 && s.IPFamilyPolicy == corev1.IPFamilyPolicySingleStack {
		errs = append(errs, field.Invalid(path.Child("ipFamilyPolicy"), s.IPFamilyPolicy,
			"two ipFamilies need PreferDualStack or RequireDualStack"))
	}
	return errs
}

// validateFieldsOfType refuses fields that the type of the Service doesn't have.
func validateFieldsOfType(path *field.Path, s *v1alpha1.ServiceParameters) field.ErrorList {
	allowed := withoutFieldsOfOtherTypes(*s, s.Type)
	var errs field.ErrorList
	refuse := func(name, types string) {
		errs = append(errs, field.Forbidden(path.Child(name), "needs type "+types+", not "+string(s.Type)))
	}
	if s.LoadBalancerClass != allowed.LoadBalancerClass {
		refuse("loadBalancerClass", "LoadBalancer")
	}
	if s.LoadBalancerAddressesAnnotation != allowed.LoadBalancerAddressesAnnotation {
		refuse("loadBalancerAddressesAnnotation", "LoadBalancer")
	}
	if len(s.LoadBalancerSourceRanges) != len(allowed.LoadBalancerSourceRanges) {
		refuse("loadBalancerSourceRanges", "LoadBalancer")
	}
	if s.ExternalTrafficPolicy != allowed.ExternalTrafficPolicy {
		refuse("externalTrafficPolicy", "LoadBalancer or NodePort")
	}
	if len(s.NodePorts) != len(allowed.NodePorts) {
		refuse("nodePorts", "LoadBalancer or NodePort")
	}
	return errs
}

func validateProxy(path *field.Path, p *v1alpha1.ProxyParameters) field.ErrorList {
	var errs field.ErrorList
	if c := p.ClientAddress; c != nil {
		path := path.Child("clientAddress")
		errs = append(errs, validateCIDRs(path.Child("trustedProxies"), c.TrustedProxies)...)
		if c.Header != "" && isTrue(c.ProxyProtocol) {
			errs = append(errs, field.Forbidden(path.Child("header"), "excludes proxyProtocol: remove one of them"))
		}
		if err := (&config.ClientAddress{Header: c.Header}).ValidateHeader(); err != nil {
			errs = append(errs, field.Invalid(path.Child("header"), c.Header, err.Error()))
		}
		if c.Header != "" && len(c.TrustedProxies) == 0 {
			errs = append(errs, field.Required(path.Child("trustedProxies"),
				"header is read from trusted proxies only: name them"))
		}
	}
	errs = append(errs, validateTracing(path.Child("tracing"), p.Tracing)...)
	if l := p.Limits; l != nil {
		path := path.Child("limits")
		errs = append(errs, validateDuration(path.Child("requestHeaderTimeout"), l.RequestHeaderTimeout)...)
		errs = append(errs, validateDuration(path.Child("idleTimeout"), l.IdleTimeout)...)
		errs = append(errs, validateDuration(path.Child("tcpIdleTimeout"), l.TCPIdleTimeout)...)
		errs = append(errs, validateDuration(path.Child("udpIdleTimeout"), l.UDPIdleTimeout)...)
	}
	return errs
}

func validateTracing(path *field.Path, t *v1alpha1.Tracing) field.ErrorList {
	switch {
	case t == nil, t.Enabled != nil && !*t.Enabled:
		return nil
	case t.Endpoint == "" && t.Enabled == nil:
		return nil
	case t.Endpoint == "":
		return field.ErrorList{field.Required(path.Child("endpoint"), "name the collector that spans are sent to, or set enabled to false")}
	}
	as := config.Tracing{Endpoint: t.Endpoint}
	if t.Protocol == v1alpha1.TracingProtocolGRPC {
		as.Protocol = config.TracingGRPC
	}
	if err := as.ValidateEndpoint(); err != nil {
		return field.ErrorList{field.Invalid(path.Child("endpoint"), t.Endpoint, err.Error())}
	}
	return nil
}

func validateCIDRs(path *field.Path, cidrs []v1alpha1.CIDR) field.ErrorList {
	var errs field.ErrorList
	for i, cidr := range cidrs {
		if _, err := netip.ParsePrefix(string(cidr)); err != nil {
			errs = append(errs, field.Invalid(path.Index(i), cidr,
				"must be a range of addresses such as 10.0.0.0/8 or 2001:db8::/32"))
		}
	}
	return errs
}

func validateDuration(path *field.Path, d *gwv1.Duration) field.ErrorList {
	if d == nil {
		return nil
	}
	if v, err := time.ParseDuration(string(*d)); err != nil || v < 0 {
		return field.ErrorList{field.Invalid(path, *d, "must be a duration such as 30s or 1h30m")}
	}
	return nil
}
