// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"slices"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func compileCORS(f *gwv1.HTTPCORSFilter) (*config.CORS, *problem) {
	const reason = gwv1.RouteReasonUnsupportedValue
	c := &config.CORS{
		AllowOrigins:  stringsOf(f.AllowOrigins),
		AllowMethods:  stringsOf(f.AllowMethods),
		AllowHeaders:  stringsOf(f.AllowHeaders),
		ExposeHeaders: stringsOf(f.ExposeHeaders),
		MaxAge:        f.MaxAge,
	}
	if f.AllowCredentials != nil {
		c.AllowCredentials = *f.AllowCredentials
	}
	for _, list := range []struct {
		field string
		names []string
		check func(string) *problem
		// alone: "cannot contain '*' alongside" others.
		alone bool
	}{
		{"allowOrigins", c.AllowOrigins, checkOrigin, true},
		{"allowMethods", c.AllowMethods, checkAllowedMethod, true},
		{"allowHeaders", c.AllowHeaders, checkHeaderName, true},
		{"exposeHeaders", c.ExposeHeaders, checkHeaderName, false},
	} {
		for i, name := range list.names {
			if p := list.check(name); p != nil {
				return nil, p.prefixed(fmt.Sprintf("%s[%d]", list.field, i))
			}
		}
		if list.alone && len(list.names) > 1 && slices.Contains(list.names, "*") {
			return nil, problemf(reason, "%s: * excludes others", list.field)
		}
	}
	if c.MaxAge < 0 {
		return nil, problemf(reason, "maxAge: %d is negative", c.MaxAge)
	}
	return c, nil
}

func checkOrigin(origin string) *problem {
	if _, err := config.ParseOriginPattern(origin); err != nil {
		return problemf(gwv1.RouteReasonUnsupportedValue, "%v", err)
	}
	return nil
}

func checkAllowedMethod(method string) *problem {
	if method != "*" && !slices.Contains(methods, gwv1.HTTPMethod(method)) {
		return problemf(gwv1.RouteReasonUnsupportedValue, "method %s is not supported", method)
	}
	return nil
}

func stringsOf[S ~string](list []S) []string {
	var result []string
	for _, s := range list {
		result = append(result, string(s))
	}
	return result
}
