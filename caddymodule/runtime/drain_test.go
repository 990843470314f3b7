// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/loopback"
)

// upgraded opens a stream through the server.
func upgraded(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", res.StatusCode)
	}
	return c, r
}

func echo(c net.Conn, r *bufio.Reader) error {
	if _, err := fmt.Fprint(c, "x"); err != nil {
		return err
	}
	_, err := r.ReadByte()
	return err
}

func TestDrainServesDuringTheDelay(t *testing.T) {
	t.Parallel()
	address := loopback.FreeAddress(t)
	r := newRuntime(t, &fakeEngine{}, nil)
	if err := r.Apply(t.Context(), listening("1", address)); err != nil {
		t.Fatal(err)
	}
	stream, reader := upgraded(t, address)

	const delay = 5 * time.Second // long enough for what is asked meanwhile, also on a slow machine
	began := time.Now()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		r.Drain(t.Context(), Drain{Delay: delay, Timeout: 10 * time.Second})
	}()
	eventually(t, "it is not ready", func() bool { return r.Ready() != nil })
	if got := r.Ready().Error(); got != "draining" || !r.Status().Draining {
		t.Errorf("not ready because of %q, status %+v", got, r.Status())
	}
	client := newClient(t)
	for range 20 {
		res, err := client.Get("http://" + address)
		if err != nil {
			t.Fatalf("%s into the delay: %v", time.Since(began), err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if !res.Close {
			t.Error("the client was not asked to close its connection")
		}
	}
	// A configuration pushed during the delay is taken.
	if err := r.Apply(t.Context(), listening("2", address)); err != nil {
		t.Error(err)
	}
	eventually(t, "nothing is accepted", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	if took := time.Since(began); took < delay {
		t.Errorf("nothing is accepted %s into the delay", took)
	}
	if err := echo(stream, reader); err != nil {
		t.Errorf("the stream was not given time: %v", err)
	}
	select {
	case <-drained:
		t.Error("drained while a stream is open")
	default:
	}
	if err := r.Apply(t.Context(), listening("3", address)); err == nil {
		t.Error("a configuration was applied after the delay")
	}
	stream.Close()
	<-drained
}

func TestDrainAnswersWhatIsUnderWay(t *testing.T) {
	address := loopback.FreeAddress(t)
	engine := &fakeEngine{held: make(chan func())}
	r := newRuntime(t, engine, nil)
	if err := r.Apply(t.Context(), listening("1", address)); err != nil {
		t.Fatal(err)
	}
	client := newClient(t)
	req, err := http.NewRequest(http.MethodGet, "http://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Hold", "yes")
	var wg sync.WaitGroup
	wg.Go(func() {
		res, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "1" {
			t.Errorf("got %q, %v", body, err)
		}
	})
	release := <-engine.held
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		r.Drain(t.Context(), Drain{Timeout: time.Minute})
	}()
	eventually(t, "nothing is accepted", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case <-drained:
		t.Error("drained while a request is under way")
	default:
	}
	release()
	<-drained
	wg.Wait()
}

func TestDrainCutsWhatDoesNotEnd(t *testing.T) {
	address := loopback.FreeAddress(t)
	r := newRuntime(t, &fakeEngine{}, nil)
	if err := r.Apply(t.Context(), listening("1", address)); err != nil {
		t.Fatal(err)
	}
	stream, reader := upgraded(t, address)
	began := time.Now()
	r.Drain(t.Context(), Drain{Timeout: 200 * time.Millisecond})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	if err := echo(stream, reader); err == nil {
		t.Error("the stream goes on")
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	r := newRuntime(t, &fakeEngine{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	r.Drain(ctx, Drain{Delay: time.Hour, Timeout: time.Hour})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestCloseClosesTheEngine(t *testing.T) {
	engine := &fakeEngine{}
	r := newRuntime(t, engine, nil)
	r.Close()
	r.Close() // again does no harm
	if !engine.closed.Load() {
		t.Error("the engine is open")
	}
}
