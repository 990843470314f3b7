// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clienthello

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadFindsTheName(t *testing.T) {
	for name, tc := range map[string]struct {
		config *tls.Config
		want   string
	}{
		"TLS 1.3":      {&tls.Config{ServerName: "a.example.com"}, "a.example.com"},
		"TLS 1.2":      {&tls.Config{ServerName: "a.example.com", MaxVersion: tls.VersionTLS12}, "a.example.com"},
		"TLS 1.0":      {&tls.Config{ServerName: "a.example.com", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, "a.example.com"},
		"mixed case":   {&tls.Config{ServerName: "A.eXample.COM"}, "A.eXample.COM"},
		"no name":      {&tls.Config{InsecureSkipVerify: true}, ""},
		"an address":   {&tls.Config{ServerName: "192.0.2.1"}, ""},
		"post-quantum": {&tls.Config{ServerName: "pq.test", CurvePreferences: []tls.CurveID{tls.SecP384r1MLKEM1024, tls.X25519MLKEM768}}, "pq.test"},
		"two records":  {long("long.test", 20<<10), "long.test"},
		"four records": {long("long.test", 50<<10), "long.test"},
	} {
		hello := helloOf(t, tc.config)
		trailing := append(bytes.Clone(hello), "what a hasty client sends next"...)
		for how, s := range map[string]struct {
			data  []byte
			piece int
		}{
			"at once":                    {hello, 0},
			"byte by byte":               {hello, 1},
			"in pieces":                  {hello, 7},
			"in records of 100 bytes":    {inRecords(messageOf(hello), 100), 0},
			"in records, byte by byte":   {inRecords(messageOf(hello), 100), 1},
			"with something behind":      {trailing, 0},
			"with it in the same packet": {trailing, 1200},
		} {
			from := &sent{data: s.data, piece: s.piece}
			got, err := Read(from, nil)
			if err != nil {
				t.Errorf("%s %s: %v", name, how, err)
				continue
			}
			if got.ServerName != tc.want {
				t.Errorf("%s %s: the name is %q, want %q", name, how, got.ServerName, tc.want)
			}
			if all := slices.Concat(got.Bytes, from.data); !bytes.Equal(all, s.data) {
				t.Errorf("%s %s: of %d bytes %d are left", name, how, len(s.data), len(all))
			}
			if !from.deadline.IsZero() {
				t.Errorf("%s %s: a deadline is left", name, how)
			}
		}
	}
}

func TestReadBeginsWithTheHead(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "a.test"})
	for _, n := range []int{0, 1, 5, 100, len(hello) - 1, len(hello)} {
		got, err := Read(&sent{data: hello[n:]}, bytes.Clone(hello[:n]))
		if err != nil || got.ServerName != "a.test" || !bytes.Equal(got.Bytes, hello) {
			t.Errorf("with a head of %d bytes: %q, %d bytes, %v", n, got.ServerName, len(got.Bytes), err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "a.test"})
	endless := append([]byte{1, 0, 255, 255}, make([]byte, 1<<16-1)...) // in little records it is too long
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"half":                hello[:len(hello)/2],
		"all but a byte":      hello[:len(hello)-1],
		"HTTP":                []byte("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		"SSH":                 []byte("SSH-2.0-OpenSSH_9.2\r\n"),
		"SSL 2":               {0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10},
		"another message":     inRecords([]byte{2, 0, 0, 1, 0}, 5),
		"no extensions' end":  inRecords([]byte{1, 0, 0, 4, 3, 3, 0, 0}, 8),
		"empty records":       bytes.Repeat([]byte{22, 3, 1, 0, 0}, 1000),
		"zeros":               make([]byte, 1<<17),
		"a message too long":  inRecords(append([]byte{1, 1, 0, 1}, make([]byte, 70000)...), 1<<14),
		"records too many":    inRecords(endless, 50),
		"a record too long":   append([]byte{22, 3, 1, 0xff, 0xff}, make([]byte, 1<<16)...),
		"alerts and no hello": bytes.Repeat([]byte{21, 3, 1, 0, 2, 1, 90}, 1000),
	} {
		from := &sent{data: data}
		if got, err := Read(from, nil); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
		if read := len(data) - len(from.data); read > MaxBytes {
			t.Errorf("%s: %d bytes were read", name, read)
		}
	}
	if _, err := Read(&sent{data: inRecords(endless, 50)}, nil); !errors.Is(err, errTooLong) {
		t.Errorf("too much: %v", err)
	}
}

// TestReadIsBoundInTime sends a byte each second, which any timeout that begins anew
// would wait for.
func TestReadIsBoundInTime(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "a.test"})
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		var sending sync.WaitGroup
		defer sending.Wait()
		defer server.Close()
		sending.Go(func() {
			defer client.Close()
			for i := range hello {
				if _, err := client.Write(hello[i : i+1]); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		began := time.Now()
		_, err := Read(server, nil)
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != Timeout {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestReadWritesNothing: whatever is wrong, the client hears no alert.
func TestReadWritesNothing(t *testing.T) {
	for name, data := range map[string][]byte{
		"a hello": helloOf(t, &tls.Config{ServerName: "a.test"}),
		"HTTP":    []byte("GET / HTTP/1.1\r\n\r\n"),
		"broken":  inRecords([]byte{1, 0, 0, 4, 3, 3, 0, 0}, 8),
	} {
		client, server := net.Pipe()
		heard := make(chan []byte)
		go func() {
			_, _ = client.Write(data)
			all, _ := io.ReadAll(client)
			heard <- all
		}()
		_, err := Read(server, nil)
		server.Close()
		if all := <-heard; len(all) > 0 {
			t.Errorf("%s: the client hears %x (%v)", name, all, err)
		}
		client.Close()
	}
}

type broken struct{ sent }

var errBroken = errors.New("the connection is gone")

func (broken) SetReadDeadline(time.Time) error { return errBroken }

func TestReadReportsADeadlineThatCannotBeSet(t *testing.T) {
	if _, err := Read(&broken{}, nil); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, cfg := range map[string]*tls.Config{
		"TLS 1.2":      {ServerName: "a.example.com", MaxVersion: tls.VersionTLS12},
		"post-quantum": {ServerName: "a.example.com"},
	} {
		hello := helloOf(b, cfg)
		b.Run(fmt.Sprintf("%s, %d bytes", name, len(hello)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(&sent{data: hello}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
