// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"fmt"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// retryCases are about requests that are sent again.
var retryCases = []testCase{
	{
		name: "HTTPRouteRetry",
		exchanges: append(
			[]exchange{
				flaky("code-500-attempts-3", 2, 500, "v3"),
				flaky("code-500-attempts-3", 4, 500, "500"),
				flaky("code-500-attempts-3", 2, 503, "503"),
			},
			recoversIn("code-all-attempts-2", 1)...),
		then: []step{{
			what: "attempts: 0, which Gateway API 1.7 allows",
			change: func(s *snapshot.Snapshot) {
				for i := range s.HTTPRoutes[0].Spec.Rules {
					*s.HTTPRoutes[0].Spec.Rules[i].Retry.Attempts = 0
				}
			},
			exchanges: []exchange{
				flaky("code-all-attempts-2", 7, 500, "500"), flaky("code-all-attempts-2", 7, 502, "502"),
				flaky("code-all-attempts-2", 7, 503, "503"), flaky("code-all-attempts-2", 7, 504, "504"),
			},
		}},
	},
	{
		// "Implementations SHOULD retry on connection errors (disconnect, reset, timeout, TCP
		// failure) if a retry stanza is configured", without codes.
		name: "HTTPRouteRetryConnectionError",
		exchanges: append(times(10, exchange{url: "example.com/retry-on-connection-errors", want: "v3"}),
			exchange{url: "example.com/reset?id=1", header: []string{failHeader + ": 2 reset"}, want: "v3"},
			exchange{url: "example.com/reset?id=2", header: []string{failHeader + ": 3 reset"}, want: "502"},
			exchange{method: "POST", url: "example.com/reset?id=3", header: []string{failHeader + ": 1 reset"}, want: "502"},
			exchange{url: "example.com/default?id=1", header: []string{failHeader + ": 1 reset"}, want: "v3"},
			exchange{url: "example.com/default?id=2", header: []string{failHeader + ": 2 reset"}, want: "502"},
		),
	},
	{
		name: "HTTPRouteRetryWithTimeouts",
		exchanges: []exchange{
			{url: "example.com/retry/request-timeout-30s?id=1", header: []string{failHeader + ": 1 500"}, want: "v3"},
			{url: "example.com/retry/request-timeout-500ms?id=2", header: []string{failHeader + ": 1 500", delayHeader + ": 20s"}, want: "504"},
			{url: "example.com/retry/backend-timeout-30s?id=1", header: []string{failHeader + ": 2 500", delayHeader + ": 100ms"}, want: "v3"},
			{url: "example.com/retry/backend-timeout-500ms?id=2", header: []string{failHeader + ": 1 500", delayHeader + ": 20s"}, want: "504"},
		},
	},
}

// flaky is a request that fails as often with a status.
func flaky(path string, failures, status int, want string) exchange {
	return exchange{
		url:    fmt.Sprintf("example.com/retry/%s?id=%d-%d-%s", path, failures, status, want),
		header: []string{fmt.Sprintf("%s: %d %d", failHeader, failures, status)}, want: want,
	}
}

// recoversIn are requests that fail with each of the statuses that have to be
// supported: as often as given, and more often than can be made up for.
func recoversIn(path string, failures int) []exchange {
	var list []exchange
	for _, status := range []int{500, 502, 503, 504} {
		list = append(list, flaky(path, failures, status, "v3"), flaky(path, failures+2, status, fmt.Sprint(status)))
	}
	return list
}

func times(n int, e exchange) []exchange {
	var list []exchange
	for range n {
		list = append(list, e)
	}
	return list
}
