// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestSetServesHTTP1AndH2C(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	apply(t, s, plain(address))
	if got := mustGet(t, newClient(t, nil, nil), "http://"+address); got != "HTTP/1.1" {
		t.Errorf("HTTP/1.1 client was served %s", got)
	}
	var h2c http.Protocols
	h2c.SetUnencryptedHTTP2(true)
	if got := mustGet(t, newClient(t, nil, &h2c), "http://"+address); got != "HTTP/2.0" {
		t.Errorf("h2c client was served %s", got)
	}
}

func TestSetHandlesOptionsAsterisk(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	apply(t, s, plain(address))
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusTeapot {
		t.Errorf("OPTIONS * was answered with %d by net/http", res.StatusCode)
	}
}

// hammer sends requests, each on a connection of its own and on kept ones, until
// stop, and returns how many were answered and the errors.
func hammer(t testing.TB, url string, stop <-chan struct{}) (answered int64, errs []error) {
	t.Helper()
	var mu sync.Mutex
	var count atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		client := newClient(t, nil, nil)
		client.Transport.(*http.Transport).DisableKeepAlives = i%2 == 0
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := get(client, url); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
				count.Add(1)
			}
		})
	}
	wg.Wait()
	return count.Load(), errs
}

func TestSetChangesListenersWithoutLosingRequestsOfAnother(t *testing.T) {
	eachSet(t, testSetChangesListenersWithoutLosingRequestsOfAnother)
}

func testSetChangesListenersWithoutLosingRequestsOfAnother(t *testing.T, s *Set) {
	stays, comes := loopback.FreeAddress(t), loopback.FreeAddress(t)
	apply(t, s, plain(stays))

	stop := make(chan struct{})
	var answered int64
	var errs []error
	var wg sync.WaitGroup
	wg.Go(func() { answered, errs = hammer(t, "http://"+stays, stop) })
	other := newClient(t, nil, nil)
	for range 10 {
		apply(t, s, plain(stays, comes))
		if got := mustGet(t, other, "http://"+comes); got != comes {
			t.Errorf("the new listener answered %q", got)
		}
		apply(t, s, plain(stays))
		eventually(t, "the removed listener is closed", func() bool {
			c, err := net.Dial("tcp", comes)
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	}
	close(stop)
	wg.Wait()
	if len(errs) > 0 {
		t.Errorf("%d of %d requests failed, the first with: %v", len(errs), answered, errs[0])
	}
	if answered == 0 {
		t.Error("nothing was sent")
	}
}

func TestSetLosesNothingWhenLimitsChange(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain(address)
	apply(t, s, cfg)
	stop := make(chan struct{})
	var answered int64
	var errs []error
	var wg sync.WaitGroup
	wg.Go(func() { answered, errs = hammer(t, "http://"+address, stop) })
	for i := range 40 {
		cfg := plain(address)
		cfg.Gateways[0].Limits = &config.Limits{MaxRequestHeaderBytes: 8192 + i}
		apply(t, s, cfg)
		time.Sleep(5 * time.Millisecond) // some traffic for each, the exact amount doesn't matter
	}
	close(stop)
	wg.Wait()
	if len(errs) > 0 {
		t.Errorf("%d of %d requests failed, the first with: %v", len(errs), answered, errs[0])
	}
}

func TestSetPrunesGenerationsWithoutConnections(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	apply(t, s, plain(address))
	client := newClient(t, nil, nil)
	mustGet(t, client, "http://"+address)
	cfg := plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxConcurrentStreams: 5}
	apply(t, s, cfg)
	socket := s.sockets[address]
	if got := len(socket.parties()); got != 2 {
		t.Fatalf("with a connection of the old one open there are %d generations, want 2", got)
	}
	mustGet(t, client, "http://"+address) // on the old connection
	client.CloseIdleConnections()
	eventually(t, "the old generation is gone", func() bool { return len(socket.parties()) == 1 })
}

func TestSetAppliesNewLimitsToNewConnections(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxRequestHeaderBytes: 20000}
	apply(t, s, cfg)
	send := func() int {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, "http://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Long", string(make([]byte, 0))+fmt.Sprintf("%015000d", 1))
		client := newClient(t, nil, nil)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := send(); got != http.StatusOK {
		t.Errorf("a header below the limit got %d", got)
	}
	cfg = plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxRequestHeaderBytes: 2000}
	apply(t, s, cfg)
	if got := send(); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header above the limit got %d", got)
	}
}

func TestSetRefusesWholeWhenAnAddressIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	runs, fine := loopback.FreeAddress(t), loopback.FreeAddress(t)
	s := newSet(t, nil)
	apply(t, s, plain(runs))

	_, err = s.Prepare(plain(runs, fine, taken.Addr().String()))
	var refusal *config.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if refusal.Object != "test/gw/l2" || refusal.Field != "address" {
		t.Errorf("the refusal names %s %s", refusal.Object, refusal.Field)
	}
	if c, err := net.Dial("tcp", fine); err == nil {
		c.Close()
		t.Error("a socket of the refused configuration is open")
	}
	if got := mustGet(t, newClient(t, nil, nil), "http://"+runs); got != runs {
		t.Errorf("the old listener answered %q", got)
	}
	// What was refused is not in the way of the next.
	apply(t, s, plain(runs, fine))
	mustGet(t, newClient(t, nil, nil), "http://"+fine)
}

func TestSetReopensAnAddressJustRemoved(t *testing.T) {
	eachSet(t, testSetReopensAnAddressJustRemoved)
}

func testSetReopensAnAddressJustRemoved(t *testing.T, s *Set) {
	address := loopback.FreeAddress(t)
	client := newClient(t, nil, nil)
	for range 5 {
		apply(t, s, plain(address))
		mustGet(t, client, "http://"+address)
		apply(t, s, plain())
	}
}

func TestSetAnswersWhatIsUnderWayOnARemovedListener(t *testing.T) {
	address := loopback.FreeAddress(t)
	began, release := make(chan struct{}), make(chan struct{})
	s := newSet(t, func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		fmt.Fprint(w, "done")
	})
	apply(t, s, plain(address))
	var body string
	var err error
	var wg sync.WaitGroup
	client := newClient(t, nil, nil)
	wg.Go(func() { body, err = get(client, "http://"+address) })
	<-began
	apply(t, s, plain())
	eventually(t, "the socket is closed", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(release)
	wg.Wait()
	if err != nil || body != "done" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestSetEndsConnectionsWhenTheProtocolChanges(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	apply(t, s, plain(address))
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	request := func() error {
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(r, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		return err
	}
	if err := request(); err != nil {
		t.Fatal(err)
	}
	// The connection need not be one of the last generation.
	cfg := plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxConcurrentStreams: 7}
	apply(t, s, cfg)
	if err := request(); err != nil {
		t.Fatal(err)
	}
	cfg = plain()
	cfg.Listeners = []config.Listener{httpsListener("l0", address, "")}
	apply(t, s, cfg)
	eventually(t, "the connection in clear text is closed", func() bool { return request() != nil })
	if got := subject(t, address, "x.example"); got != "unrecognized name" {
		t.Errorf("a listener without certificates: %s", got)
	}
}

func TestSetBoundsConnections(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	cfg := plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxConnections: 1}
	apply(t, s, cfg)

	first := newClient(t, nil, nil)
	mustGet(t, first, "http://"+address)

	second := newClient(t, nil, nil)
	answered := make(chan error, 1)
	go func() {
		_, err := get(second, "http://"+address)
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("a connection beyond the limit was served (error %v)", err)
	case <-time.After(100 * time.Millisecond):
	}
	first.CloseIdleConnections() // makes room
	if err := <-answered; err != nil {
		t.Error(err)
	}
	// Raising the limit lets in who waits.
	third := newClient(t, nil, nil)
	go func() {
		_, err := get(third, "http://"+address)
		answered <- err
	}()
	cfg = plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxConnections: 2}
	apply(t, s, cfg)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
