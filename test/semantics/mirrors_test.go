// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mirrored is an exchange, and the backends that receive a copy of the request.
type mirrored struct {
	exchange
	copies []string
}

var (
	mirrorHeader = []string{"X-Header-Remove: remove-val", "X-Header-Add-Append: append-val-1"}
	mirrorSeen   = []string{
		"X-Header-Add: header-val-1", "X-Header-Add-Append: append-val-1,header-val-2",
		"X-Header-Set: set-overwrites-values", "-X-Header-Remove",
	}
)

// mirrorCases have the names of conformance tests, but for the last.
var mirrorCases = map[string]struct {
	exchanges []mirrored
	status    map[string]string
}{
	"HTTPRouteRequestMirror": {exchanges: []mirrored{
		{exchange{url: "example.com/mirror?id=1", want: "v1"}, []string{"v2"}},
		{exchange{url: "example.com/mirror-and-modify-headers?id=1", want: "v1", header: mirrorHeader, seen: mirrorSeen}, []string{"v2"}},
	}},
	"HTTPRouteRequestMultipleMirrors": {exchanges: []mirrored{
		{exchange{url: "example.com/multi-mirror?id=%20", want: "v1"}, []string{"v2", "v3"}},
		{
			exchange{url: "example.com/multi-mirror-and-modify-request-headers?id=1", want: "v1", header: mirrorHeader, seen: mirrorSeen},
			[]string{"v2", "v3"},
		},
	}},
	"MirrorReferences": {
		exchanges: []mirrored{
			{exchange{url: "example.com/missing", want: "v1"}, []string{"v3"}},
			{exchange{url: "example.com/other", want: "v1"}, []string{"web"}},
		},
		status: map[string]string{"HTTPRoute infra/missing same-namespace ResolvedRefs": "False/BackendNotFound"},
	},
}

// TestMirrors compares each copy with what the backend received that has answered.
func TestMirrors(t *testing.T) {
	for name, c := range mirrorCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			plane := newDataPlane(t)
			objects := s.read(t, name).Snapshot
			factsOf(t, objects, plane.serve(t, objects)).check(t, c.status)
			for _, e := range c.exchanges {
				plane.check(t, e.exchange)
				_, target, _ := strings.Cut(e.url, "/")
				want := s.journal.received(e.want, "/"+target)
				for _, backend := range e.copies {
					got := s.journal.await(t, backend, "/"+target, 1)
					for i := range got {
						got[i].Backend, got[i].Proto = e.want, "HTTP/1.1"
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s: the copy of %s (-request +copy):\n%s", e, backend, diff)
					}
				}
			}
		})
	}
}

// TestHTTPRouteRequestPercentageMirror sends 500 requests of ten clients at a time.
func TestHTTPRouteRequestPercentageMirror(t *testing.T) {
	s := newSite(t)
	plane := newDataPlane(t)
	objects := s.read(t, "HTTPRouteRequestPercentageMirror").Snapshot
	factsOf(t, objects, plane.serve(t, objects)).check(t, nil)
	transport := &http.Transport{
		MaxIdleConnsPerHost: 10,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", plane.addresses["infra/same-namespace:80"])
		},
	}
	defer transport.CloseIdleConnections()
	for target, want := range map[string]int{
		"/percent-mirror?id=1": 100, "/percent-mirror-fraction?id=1": 250, "/percent-mirror-and-modify-headers?id=1": 175,
	} {
		var clients sync.WaitGroup
		for range 10 {
			clients.Go(func() {
				for range 50 {
					if err := fetch(t, transport, "http://example.com"+target); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		clients.Wait()
		if n := len(s.journal.received("v1", target)); n != 500 {
			t.Errorf("%s: %d of 500 requests have arrived", target, n)
		}
		if got := len(s.journal.await(t, "v2", target, want)); got != want {
			t.Errorf("%s: %d copies, want %d", target, got, want)
		}
	}
}

func fetch(t *testing.T, transport http.RoundTripper, url string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
