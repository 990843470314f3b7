// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"
)

var (
	duration = flag.Duration("soak.duration", 5*time.Second, "how long the changes go on")
	interval = flag.Duration("soak.interval", 200*time.Millisecond, "the time between two changes")
	useWrk   = flag.Bool("soak.wrk", false, "put the load on with wrk -c 64 as well")
	size     = flag.Int64("soak.download", 64<<20, "bytes of the download that runs all the time")
)

// TestChangesLoseNothing is the promise of the data plane: nothing that did not
// change is touched.
func TestChangesLoseNothing(t *testing.T) {
	b := startBackends(t, *size, *duration)
	p := startProxy(t)
	site := newSite(t, p, b)
	p.put(t, site.config())
	p.awaitReady(t)

	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var wg sync.WaitGroup
	var done []func(*testing.T)
	watch := func(name string, run func(context.Context) (int64, error)) {
		var n int64
		var err error
		wg.Go(func() { n, err = run(ctx) })
		done = append(done, func(t *testing.T) {
			t.Logf("%-12s %d", name, n)
			switch {
			case err != nil:
				t.Errorf("%s, after %d: %v", name, n, err)
			case n == 0:
				t.Errorf("%s did nothing, so it shows nothing", name)
			}
		})
	}
	watch("requests", site.requests(64))
	watch("tls requests", site.tlsRequests(8))
	watch("websocket", site.webSocket)
	watch("websocket 2", site.webSocket)
	watch("grpc stream", site.grpcStream)
	watch("download", site.download)
	for i := range 5 {
		watch(fmt.Sprint("tcp ", i+1), site.connection)
	}
	watch("tls", site.terminated)
	watch("passthrough", site.passthrough)
	watch("udp", site.session)
	watch("changes", func(ctx context.Context) (int64, error) { return site.change(ctx, *interval) })
	if *useWrk {
		path, err := exec.LookPath("wrk")
		if err != nil {
			t.Fatalf("-soak.wrk: %v", err)
		}
		watch("wrk", func(ctx context.Context) (int64, error) { return site.wrk(ctx, path, *duration) })
	}
	wg.Wait()
	for _, check := range done {
		check(t)
	}
}
