// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// predicates are what a match asks for beside host and path.
type predicates struct {
	method  string
	headers []headerPredicate
	query   []queryPredicate
}

// valuePredicate compares a value with a text, or a regular expression.
type valuePredicate struct {
	exact string
	regex *regexp.Regexp
}

// headerPredicate compares the values of a header field, joined with commas.
type headerPredicate struct {
	// name is canonical, and empty for Host, which net/http keeps out of the header.
	name string
	valuePredicate
}

// queryPredicate compares the first value of a query parameter.
type queryPredicate struct {
	// number of the name in the table's queryNames.
	number int
	valuePredicate
}

func (p *predicates) hold(r *Request, names *queryNames) bool {
	if p.method != "" && p.method != r.Method {
		return false
	}
	for i := range p.headers {
		if !p.headers[i].holds(r) {
			return false
		}
	}
	if len(p.query) == 0 {
		return true
	}
	if r.query.names != names {
		r.query.parse(r.RawQuery, names)
	}
	for i := range p.query {
		v := r.query.values[p.query[i].number]
		if !v.set || !p.query[i].holdsFor(v.value) {
			return false
		}
	}
	return true
}

func (p *headerPredicate) holds(r *Request) bool {
	if p.name == "" {
		return p.holdsFor(r.Host)
	}
	switch values := r.Header[p.name]; {
	case len(values) == 0:
		return false
	case len(values) == 1:
		return p.holdsFor(values[0])
	case p.regex == nil:
		return equalJoined(values, p.exact)
	default:
		return p.regex.MatchString(strings.Join(values, ","))
	}
}

func (p *valuePredicate) holdsFor(value string) bool {
	if p.regex != nil {
		return p.regex.MatchString(value)
	}
	return value == p.exact
}

// equalJoined is strings.Join(values, ",") == want, without the copy.
func equalJoined(values []string, want string) bool {
	for i, v := range values {
		if i > 0 {
			if !strings.HasPrefix(want, ",") {
				return false
			}
			want = want[1:]
		}
		if !strings.HasPrefix(want, v) {
			return false
		}
		want = want[len(v):]
	}
	return want == ""
}

// regexes compiles each expression once, however many rules have it.
type regexes map[string]*regexp.Regexp

func (c regexes) compile(expression string) (*regexp.Regexp, error) {
	if re, ok := c[expression]; ok {
		return re, nil
	}
	re, err := config.FullMatch(expression)
	if err != nil {
		return nil, err
	}
	c[expression] = re
	return re, nil
}

func (c regexes) value(m config.ValueMatch) (valuePredicate, error) {
	if m.Type != config.Regex {
		return valuePredicate{exact: m.Value}, nil
	}
	re, err := c.compile(m.Value)
	return valuePredicate{regex: re}, err
}

// headerName is the key of a header in http.Header, or "" for Host.
func headerName(name string) string {
	if strings.EqualFold(name, "Host") {
		return ""
	}
	return http.CanonicalHeaderKey(name)
}
