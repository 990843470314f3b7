// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strings"

	"golang.org/x/net/http/httpguts"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// compileHeaderModifier rejects several actions for one name: "only one action
// for a given header name is permitted" (HTTPHeaderFilter). Of repetitions within
// one action the first counts (HTTPHeader.name).
func compileHeaderModifier(f *gwv1.HTTPHeaderFilter) (*config.HeaderModifier, *problem) {
	m := &config.HeaderModifier{}
	actions := map[string]string{}
	var p *problem
	if m.Set, p = compileHeaders("set", f.Set, actions); p != nil {
		return nil, p
	}
	if m.Add, p = compileHeaders("add", f.Add, actions); p != nil {
		return nil, p
	}
	for _, name := range f.Remove {
		repeated, p := claimHeader("remove", name, actions)
		if p != nil {
			return nil, p
		}
		if !repeated {
			m.Remove = append(m.Remove, name)
		}
	}
	return m, nil
}

func compileHeaders(action string, list []gwv1.HTTPHeader, actions map[string]string) ([]config.Header, *problem) {
	var headers []config.Header
	for _, h := range list {
		repeated, p := claimHeader(action, string(h.Name), actions)
		if p != nil {
			return nil, p
		}
		if !httpguts.ValidHeaderFieldValue(h.Value) {
			return nil, problemf(gwv1.RouteReasonUnsupportedValue, "%s: the value of header %s contains a control character", action, h.Name)
		}
		if !repeated {
			headers = append(headers, config.Header{Name: string(h.Name), Value: h.Value})
		}
	}
	return headers, nil
}

// claimHeader notes the action for a name.
func claimHeader(action, name string, actions map[string]string) (repeated bool, p *problem) {
	if p := checkHeaderName(name); p != nil {
		return false, p
	}
	key := strings.ToLower(name)
	switch before := actions[key]; before {
	case "":
		actions[key] = action
		return false, nil
	case action:
		return true, nil
	default:
		return false, problemf(gwv1.RouteReasonUnsupportedValue, "header %s is in both %s and %s", name, before, action)
	}
}

func checkHeaderName(name string) *problem {
	if !httpguts.ValidHeaderFieldName(name) {
		return problemf(gwv1.RouteReasonUnsupportedValue, "%q is not the name of a header", name)
	}
	return nil
}
