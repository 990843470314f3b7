// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// source draws rules and requests from a small world, so that many rules fit
// every request.
type source struct{ *rand.Rand }

func newSource(seed uint64) source {
	return source{rand.New(rand.NewPCG(seed, 1))}
}

func pick[E any](s source, from ...E) E { return from[s.IntN(len(from))] }

func (s source) chance(percent int) bool { return s.IntN(100) < percent }

func (s source) path() string {
	var b strings.Builder
	for range s.IntN(4) {
		b.WriteString("/" + pick(s, "a", "b", "ab", "", "a b"))
	}
	if s.chance(30) || b.Len() == 0 {
		b.WriteByte('/')
	}
	return b.String()
}

func (s source) match() config.Match {
	var m config.Match
	switch s.IntN(6) {
	case 0:
		m.Path = &config.PathMatch{Type: config.Exact, Value: s.path()}
	case 1:
		m.Path = &config.PathMatch{Type: config.Regex, Value: pick(s, "/a.*", "/a|/ab/b", ".*b", "/(a|b)/?", ""), Precedence: s.IntN(3)}
	case 2, 3:
		m.Path = &config.PathMatch{Type: config.Prefix, Value: s.path()}
	case 4:
		m.Path = &config.PathMatch{Type: config.Service, Value: pick(s, "/a", "/b", "/ab", "/")}
	}
	if s.chance(30) {
		m.Method = pick(s, "GET", "POST")
	}
	for range s.IntN(6) / 2 {
		if s.chance(50) {
			m.Headers = append(m.Headers, config.ValueMatch{Name: pick(s, "x-one", "X-Two", "hOst"), Value: pick(s, "1", "1,2", "x.a.b")})
		} else {
			m.Headers = append(m.Headers, config.ValueMatch{Type: config.Regex, Name: pick(s, "X-One", "x-two"), Value: pick(s, "[0-9]", ".*2", "1|1,2")})
		}
	}
	for range s.IntN(6) / 2 {
		m.Query = append(m.Query, config.ValueMatch{Type: pick(s, "", config.Exact, config.Regex), Name: pick(s, "q", "Q", "a b"), Value: pick(s, "1", "", "x y")})
	}
	return m
}

func (s source) rules(n int) []Rule[int] {
	rules := make([]Rule[int], n)
	for i := range rules {
		r := &rules[i]
		r.Value, r.Index = i, s.IntN(4)
		r.Created, r.RouteID = int64(s.IntN(3)), pick(s, "a", "z")
		for range s.IntN(3) {
			r.Hostnames = append(r.Hostnames, pick(s, "a.b", "x.a.b", "*.a.b", "*.b", "*.x.a.b", ""))
		}
		for range s.IntN(3) {
			r.Matches = append(r.Matches, s.match())
		}
		// Distinct indexes make the order total, so that there is one right answer.
		r.Index = i
	}
	return rules
}

func (s source) request() *Request {
	r := &Request{
		Host:     pick(s, "a.b", "x.a.b", "y.x.a.b", "b", ".b", "c", ""),
		Path:     pick(s, s.path(), s.path(), s.path(), "*", ""),
		Method:   pick(s, "GET", "POST", "get"),
		Header:   http.Header{},
		RawQuery: strings.Join([]string{s.pair(), s.pair(), s.pair()}, "&"),
	}
	for range s.IntN(4) {
		r.Header.Add(pick(s, "X-One", "X-Two"), pick(s, "1", "2", "1,2"))
	}
	return r
}

func (s source) pair() string {
	return pick(s, "q=1", "Q=1", "q", "q=", "a+b=x+y", "a%20b=x%20y", "q=%zz", "%zz=1", "q=1;q=2", "", "=")
}

func TestTableAgreesWithReference(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(300) {
		s := newSource(seed)
		rules := s.rules(1 + s.IntN(30))
		table, err := Compile(rules)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for range 60 {
			r := s.request()
			if compareWithReference(t, table, rules, r) {
				found++
			}
		}
	}
	if found < 5000 {
		t.Errorf("only %d of 18000 requests found a rule; the generated world is too sparse to prove anything", found)
	}
}

func compareWithReference(t *testing.T, table *Table[int], rules []Rule[int], r *Request) (found bool) {
	t.Helper()
	want, wantOK := reference(rules, r)
	got, ok := table.Lookup(r)
	if got != want || ok != wantOK {
		t.Fatalf("Lookup(%s)\n got %+v %v\nwant %+v %v\nrule got  %s\nrule want %s",
			show(r), got, ok, want, wantOK, show(rules[got.Value]), show(rules[want.Value]))
	}
	return ok
}

func show(v any) string { return fmt.Sprintf("%+v", v) }

func FuzzLookup(f *testing.F) {
	f.Add(uint64(1), "x.a.b", "/a/b", "GET", "1", "q=1&a+b=x")
	f.Add(uint64(2), "a.b", "//a/", "POST", "1,2", "q=%zz;&&=&q")
	f.Add(uint64(3), "...", "*", "", "", "")
	f.Add(uint64(4), "*.a.b", "/a b/\x00", "get", "2", "%61+b=x%20y")
	f.Fuzz(func(t *testing.T, seed uint64, host, path, method, header, query string) {
		s := newSource(seed)
		rules := s.rules(1 + s.IntN(20))
		table, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		r := &Request{
			Host: NormalizeHost(host), Path: path, Method: method,
			Header: http.Header{"X-One": {header}, "X-Two": {header, "2"}}, RawQuery: query,
		}
		compareWithReference(t, table, rules, r)
	})
}

func FuzzFullMatch(f *testing.F) {
	for _, expression := range []string{"a|ab", "a)|(b", `\Qa`, "(?i)A+", "(?m)^a$", `a\`, "[[:alpha:]]*?", "(?s).", `\pL\x{10FFFF}?`, "a{2,3}"} {
		f.Add(expression, "ab")
		f.Add(expression, "aa\nb")
	}
	f.Fuzz(func(t *testing.T, expression, value string) {
		re, err := config.FullMatch(expression)
		if err != nil {
			return
		}
		if got, want := re.MatchString(value), fullMatch(expression, value); got != want {
			t.Errorf("FullMatch(%q) on %q is %v, want %v", expression, value, got, want)
		}
	})
}
