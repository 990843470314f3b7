// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// hubRules are what OperatorHub wants to show (bundle validate's operatorhub/v2).
var hubRules = []Rule{
	{"hub-provider", withCSV(hubProvider)},
	{"hub-maintainers", withCSV(hubMaintainers)},
	{"hub-links", withCSV(hubLinks)},
	{"hub-icon", withCSV(hubIcon)},
	{"hub-annotations", withCSV(hubAnnotations)},
	{"hub-text", withCSV(hubText)},
	{"openshift-features", withCSV(openshiftFeatures)},
}

func hubProvider(b *Bundle) []string {
	var p problems
	p.needs(map[string]string{"spec.provider.name": b.CSV.Spec.Provider.Name})
	return p
}

func hubMaintainers(b *Bundle) []string {
	var p problems
	if len(b.CSV.Spec.Maintainers) == 0 {
		p.add("there is none")
	}
	for _, m := range b.CSV.Spec.Maintainers {
		if _, err := mail.ParseAddress(m.Email); err != nil || m.Name == "" {
			p.add("%q has no name or the address %q", m.Name, m.Email)
		}
	}
	return p
}

func hubLinks(b *Bundle) []string {
	var p problems
	if len(b.CSV.Spec.Links) == 0 {
		p.add("there is none")
	}
	for _, l := range b.CSV.Spec.Links {
		if u, err := url.Parse(l.URL); err != nil || u.Scheme != "https" || u.Host == "" || l.Name == "" {
			p.add("%q leads to %q", l.Name, l.URL)
		}
	}
	return p
}

var mediaTypes = []string{"image/png", "image/jpeg", "image/gif", "image/svg+xml"}

func hubIcon(b *Bundle) []string {
	var p problems
	if len(b.CSV.Spec.Icon) != 1 {
		p.add("there are %d, not one", len(b.CSV.Spec.Icon))
		return p
	}
	icon := b.CSV.Spec.Icon[0]
	if !slices.Contains(mediaTypes, icon.MediaType) {
		p.add("the media type is %q", icon.MediaType)
	}
	if len(icon.Data) == 0 {
		p.add("it is empty")
	}
	if icon.MediaType != "image/svg+xml" {
		return p
	}
	for decoder := xml.NewDecoder(bytes.NewReader(icon.Data)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return p
		} else if err != nil {
			p.add("it is no SVG: %v", err)
			return p
		}
	}
}

var capabilities = []string{"Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"}

var categories = []string{
	"AI/Machine Learning", "Application Runtime", "Big Data", "Cloud Provider", "Database", "Developer Tools",
	"Drivers and plugins", "Integration & Delivery", "Logging & Tracing", "Modernization & Migration", "Monitoring",
	"Networking", "OpenShift Optional", "Security", "Storage", "Streaming & Messaging",
}

func hubAnnotations(b *Bundle) []string {
	var p problems
	a := b.CSV.Annotations
	p.needs(map[string]string{
		"support": a["support"], "description": a["description"], "repository": a["repository"],
		"containerImage": a["containerImage"],
	})
	if !slices.Contains(capabilities, a["capabilities"]) {
		p.add("capabilities is %q, none of %q", a["capabilities"], capabilities)
	}
	for name := range strings.SplitSeq(a["categories"], ",") {
		if !slices.Contains(categories, strings.TrimSpace(name)) {
			p.add("categories has %q, none of %q", name, categories)
		}
	}
	if _, err := time.Parse(time.RFC3339, a["createdAt"]); err != nil {
		p.add("createdAt is %q, no time of RFC 3339", a["createdAt"])
	}
	return p
}

func hubText(b *Bundle) []string {
	var p problems
	p.needs(map[string]string{
		"spec.description": b.CSV.Spec.Description,
		"spec.maturity":    b.CSV.Spec.Maturity,
		"spec.keywords":    strings.Join(b.CSV.Spec.Keywords, ""),
	})
	return p
}

func openshiftFeatures(b *Bundle) []string {
	var p problems
	for _, name := range []string{
		"disconnected", "fips-compliant", "proxy-aware", "tls-profiles", "token-auth-aws", "token-auth-azure", "token-auth-gcp",
	} {
		if value := b.CSV.Annotations["features.operators.openshift.io/"+name]; value != "true" && value != "false" {
			p.add("features.operators.openshift.io/%s is %q", name, value)
		}
	}
	return p
}
