// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"time"
)

// Options of a Load.
type Options struct {
	// URL that all requests are for, by GET.
	URL string
	// TLS is that of connections for https.
	TLS *tls.Config
	// Rate of requests per second, spread evenly over Connections that are kept. A
	// connection on which an answer is late sends fewer. Defaults: 200, and 20.
	Rate, Connections int
	// NewRate of requests per second on connections of their own. Default: 20.
	NewRate int
	// Timeout of a request, the connection to be made included. Default: 10s.
	Timeout time.Duration
}

// Load is under way until Stop.
type Load struct {
	options Options
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu     sync.Mutex
	report Report // without InFlight
	begun  int
	last   time.Time // of an answer
}

// Start begins. Stop ends it.
func Start(o Options) (*Load, error) {
	o.Rate = cmp.Or(o.Rate, 200)
	o.Connections = cmp.Or(o.Connections, 20)
	o.NewRate = cmp.Or(o.NewRate, 20)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	request, err := http.NewRequest(http.MethodGet, o.URL, nil)
	if err != nil {
		return nil, err
	}
	l := &Load{options: o, last: time.Now()}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	period := time.Second * time.Duration(o.Connections) / time.Duration(o.Rate)
	for i := range o.Connections {
		phase := period * time.Duration(i) / time.Duration(o.Connections)
		l.wg.Go(func() { l.keep(request, phase, period) })
	}
	l.wg.Go(func() { l.renew(request, time.Second/time.Duration(o.NewRate)) })
	return l, nil
}

// keep sends one request after the other on a connection that is kept.
func (l *Load) keep(request *http.Request, phase, period time.Duration) {
	c := &connection{options: &l.options}
	defer c.close()
	l.every(phase, period, func() { l.send(c, request, Kept) })
}

// renew sends each request on a connection of its own.
func (l *Load) renew(request *http.Request, period time.Duration) {
	request = request.Clone(request.Context())
	request.Close = true
	l.every(0, period, func() {
		l.wg.Go(func() {
			c := &connection{options: &l.options}
			defer c.close()
			l.send(c, request, Own)
		})
	})
}

// every calls f until the load is stopped. What can't keep up is left out.
func (l *Load) every(phase, period time.Duration, f func()) {
	select {
	case <-l.ctx.Done():
		return
	case <-time.After(phase):
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		f()
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *Load) send(c *connection, request *http.Request, on On) {
	start := time.Now()
	l.mu.Lock()
	l.begun++
	l.mu.Unlock()
	made, err := c.exchange(request)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.report
	r.Connections += made
	if err != nil {
		r.Failures = append(r.Failures, Failure{At: now, On: on, Kind: kindOf(err), Took: now.Sub(start), Err: err})
		return
	}
	r.Answered++
	r.Slowest = max(r.Slowest, now.Sub(start))
	r.Pause = max(r.Pause, now.Sub(l.last))
	l.last = now
}

// Report is what came of the requests so far.
func (l *Load) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.snapshot()
}

// snapshot needs mu.
func (l *Load) snapshot() Report {
	r := l.report
	r.Failures = append([]Failure(nil), r.Failures...)
	r.InFlight = l.begun - r.Answered - len(r.Failures)
	return r
}

// Restart gives the Report so far and begins another, to which what is in flight
// belongs.
func (l *Load) Restart() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.snapshot()
	l.report, l.begun, l.last = Report{}, r.InFlight, time.Now()
	return r
}

// Stop sends nothing more, waits for what is in flight, and gives the Report.
func (l *Load) Stop() Report {
	l.cancel()
	l.wg.Wait()
	return l.Report()
}
