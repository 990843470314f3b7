// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Buckets of the request duration, in seconds. There are few, since each route
// has them all.
var buckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60}

// durations makes the histograms. It holds none: which are shown is up to a Set.
var durations = sync.OnceValue(func() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace,
		Name:      "request_duration_seconds",
		Help:      "Time from the header of a request to the end of its answer. Without tunnels (101).",
		Buckets:   buckets,
	}, []string{"gateway", "route"})
})

func newDuration(key durationKey) prometheus.Histogram {
	vec := durations()
	h := vec.WithLabelValues(key.gateway, key.route).(prometheus.Histogram)
	vec.DeleteLabelValues(key.gateway, key.route)
	return h
}

// codes are the values of the label code. The first is for requests that got no
// answer, the others are indexed by the first digit of the status.
var codes = [6]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// Route counts the requests of a route on a listener. Its methods are safe for
// concurrent use, and allocate nothing.
type Route struct {
	inFlight *atomic.Int64        // of the Gateway
	duration prometheus.Histogram // of the route on all listeners of the Gateway
	requests [len(codes)]atomic.Uint64
}

// Begin counts a request in flight. Each Begin is followed by one End, of the
// same Route.
func (r *Route) Begin() { r.inFlight.Add(1) }

// End counts an answer with this status, which is that of the final response, or
// 101. Any number outside of 100 to 599 stands for no answer, the client having
// left before one began. d is the time from the end of the request header to the
// end of the response. It is not observed for 101, whose d is how long a tunnel
// was open, nor for no answer.
func (r *Route) End(status int, d time.Duration) {
	r.inFlight.Add(-1)
	class := status / 100
	if class < 1 || class >= len(codes) {
		r.requests[0].Add(1)
		return
	}
	r.requests[class].Add(1)
	if class > 1 {
		r.duration.Observe(d.Seconds())
	}
}

// collect shows the codes that are rare only where there are any.
func (r *Route) collect(ch chan<- prometheus.Metric, key routeKey) {
	for class := range r.requests {
		if n := &r.requests[class]; class > 1 || n.Load() > 0 {
			ch <- counter(requestsDesc, n, key.gateway, key.listener, key.route, codes[class])
		}
	}
}
