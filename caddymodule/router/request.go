// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"net/http"
	"net/url"
	"strings"
)

// Request is what rules look at. It may be reused after Reset. It must not be
// used by several goroutines at the same time.
type Request struct {
	// Host as NormalizeHost returns it.
	Host string
	// Path, percent-decoded, as in url.URL.Path.
	Path string
	// Method, in the case in which it was sent.
	Method string
	// Header has canonical names. It is only read.
	Header http.Header
	// RawQuery is the query without "?", percent-encoded.
	RawQuery string

	query parsedQuery
}

// Reset empties the request. Memory for query parameters is kept.
func (r *Request) Reset() {
	*r = Request{query: parsedQuery{values: r.query.values[:0]}}
}

// queryNames numbers the parameters that the rules of one table look at.
type queryNames struct {
	numbers map[string]int
}

// number returns the number of a name and gives it one if it has none.
func (n *queryNames) number(name string) int {
	i, ok := n.numbers[name]
	if !ok {
		i = len(n.numbers)
		n.numbers[name] = i
	}
	return i
}

// parsedQuery has the values of the parameters that one table looks at, so that
// however many rules look at however long a query, it is read once.
type parsedQuery struct {
	// names that the values were read for, nil before.
	names  *queryNames
	values []queryValue
}

type queryValue struct {
	value string
	set   bool
}

// parse reads the query as url.ParseQuery does: pairs that it would not accept
// are skipped, and so are names that no rule asks for.
func (q *parsedQuery) parse(raw string, names *queryNames) {
	q.names = names
	if cap(q.values) < len(names.numbers) {
		q.values = make([]queryValue, len(names.numbers))
	}
	q.values = q.values[:len(names.numbers)]
	clear(q.values)
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if strings.Contains(pair, ";") {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		i, asked := names.numbers[name]
		if !asked || q.values[i].set {
			continue
		}
		if value, err = url.QueryUnescape(value); err == nil {
			q.values[i] = queryValue{value: value, set: true}
		}
	}
}
