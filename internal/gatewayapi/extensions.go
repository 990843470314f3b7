// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"golang.org/x/net/http/httpguts"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

// extension resolves an ExtensionRef to one of our filters.
func (t *translation) extension(namespace string, ref gwv1.LocalObjectReference) (config.Filter, *problem) {
	name := types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}
	if ref.Group != v1alpha1.GroupName {
		return config.Filter{}, problemf(gwv1.RouteReasonInvalidKind, "%s of group %q is not a kind of filter", ref.Kind, ref.Group)
	}
	var p *problem
	switch ref.Kind {
	case v1alpha1.KindStaticResponseFilter:
		if f := t.index.StaticResponseFilter(name); f != nil {
			filter, p := compileStaticResponse(&f.Spec)
			return filter, p.prefixed("StaticResponseFilter " + name.String())
		}
	case v1alpha1.KindAccessControlFilter:
		if f := t.index.AccessControlFilter(name); f != nil {
			filter, p := compileAccessControl(&f.Spec)
			return filter, p.prefixed("AccessControlFilter " + name.String())
		}
	default:
		p = problemf(gwv1.RouteReasonInvalidKind, "%s of group %q is not a kind of filter", ref.Kind, ref.Group)
		return config.Filter{}, p
	}
	// The API has no reason of its own for a filter that is missing.
	return config.Filter{}, problemf(gwv1.RouteReasonBackendNotFound, "%s %s does not exist", ref.Kind, name)
}

// compileStaticResponse applies the defaults of StaticResponseFilter.
func compileStaticResponse(spec *v1alpha1.StaticResponseFilterSpec) (config.Filter, *problem) {
	const reason = v1alpha1.FilterReasonInvalid
	r := &config.StaticResponse{Status: int(spec.Status), ContentType: spec.ContentType}
	if r.Status == 0 {
		r.Status = 200
	}
	switch {
	case r.Status < 200 || r.Status > 599:
		return config.Filter{}, problemf(reason, "status %d is not from 200 to 599", r.Status)
	case !httpguts.ValidHeaderFieldValue(r.ContentType):
		return config.Filter{}, problemf(reason, "contentType contains a control character")
	case spec.Text != nil && len(spec.Binary) > 0:
		return config.Filter{}, problemf(reason, "text and binary exclude each other")
	case spec.Text != nil && *spec.Text != "":
		r.Body = []byte(*spec.Text)
		if r.ContentType == "" {
			r.ContentType = "text/plain; charset=utf-8"
		}
	case len(spec.Binary) > 0:
		r.Body = spec.Binary
		if r.ContentType == "" {
			r.ContentType = "application/octet-stream"
		}
	}
	if len(r.Body) > 0 && (r.Status == 204 || r.Status == 205 || r.Status == 304) {
		return config.Filter{}, problemf(reason, "a response with status %d has no body", r.Status)
	}
	return config.Filter{StaticResponse: r}, nil
}

func compileAccessControl(spec *v1alpha1.AccessControlFilterSpec) (config.Filter, *problem) {
	if len(spec.Allow) == 0 && len(spec.Deny) == 0 {
		return config.Filter{}, problemf(v1alpha1.FilterReasonInvalid, "at least one of allow and deny must be set")
	}
	allow, p := compileAddresses("allow", spec.Allow)
	if p != nil {
		return config.Filter{}, p
	}
	deny, p := compileAddresses("deny", spec.Deny)
	if p != nil {
		return config.Filter{}, p
	}
	return config.Filter{AccessControl: &config.AccessControl{Allow: allow, Deny: deny}}, nil
}

func compileAddresses(field string, list []v1alpha1.AddressOrCIDR) ([]string, *problem) {
	var addresses []string
	for i, entry := range list {
		if _, err := config.ParsePrefix(string(entry)); err != nil {
			return nil, problemf(v1alpha1.FilterReasonInvalid, "%s[%d]: %v", field, i, err)
		}
		addresses = append(addresses, string(entry))
	}
	return addresses, nil
}

// translateFilters gives the statuses of our filters, whether routes use them or not.
func (t *translation) translateFilters() {
	t.statuses.StaticResponseFilters = map[types.NamespacedName]v1alpha1.FilterStatus{}
	for _, f := range t.snapshot.StaticResponseFilters {
		_, p := compileStaticResponse(&f.Spec)
		t.statuses.StaticResponseFilters[types.NamespacedName{Namespace: f.Namespace, Name: f.Name}] = filterStatus(f.Generation, p)
	}
	t.statuses.AccessControlFilters = map[types.NamespacedName]v1alpha1.FilterStatus{}
	for _, f := range t.snapshot.AccessControlFilters {
		_, p := compileAccessControl(&f.Spec)
		t.statuses.AccessControlFilters[types.NamespacedName{Namespace: f.Namespace, Name: f.Name}] = filterStatus(f.Generation, p)
	}
}

func filterStatus(generation int64, p *problem) v1alpha1.FilterStatus {
	c := conditions{generation: generation}
	c.hold(v1alpha1.FilterConditionAccepted, v1alpha1.FilterReasonAccepted, "the filter can be used", p)
	return v1alpha1.FilterStatus{Conditions: c.list}
}
