// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// TestRefusedPushesChangeNothing sends what a broken controller might. The
// running configuration stays the same to the byte, and is served.
func TestRefusedPushesChangeNothing(t *testing.T) {
	app := newRecorder(t)
	cfg := site(t, app.address)
	config.Seal(cfg)
	gw := newGateway(t, cfg)
	_, before := gw.push(t, http.MethodGet, config.PathConfig, "")
	_, status := gw.push(t, http.MethodGet, config.PathStatus, "")

	// spoil makes a whole configuration of which one thing is wrong.
	spoil := func(change func(*config.Config)) any {
		next := site(t, app.address, change)
		next.Version = "spoiled"
		return next
	}
	taken := freeListener(t)
	rule := func(change func(*config.Rule)) any {
		return spoil(func(c *config.Config) { change(&c.Routes[0].Rules[0]) })
	}
	match := func(m config.Match) any { return rule(func(r *config.Rule) { r.Matches = []config.Match{m} }) }
	filter := func(f config.Filter) any { return rule(func(r *config.Rule) { r.Filters = []config.Filter{f} }) }
	base := fmt.Sprintf(`{"base":%q,"version":"next"`, cfg.Version)
	for name, push := range map[string]struct {
		method, path string
		body         any
		want         int
	}{
		"nothing":           {http.MethodPut, config.PathConfig, "", 400},
		"null":              {http.MethodPut, config.PathConfig, "null", 400},
		"a list":            {http.MethodPut, config.PathConfig, "[]", 400},
		"a text":            {http.MethodPut, config.PathConfig, `"x"`, 400},
		"half":              {http.MethodPut, config.PathConfig, `{"gateways":[{"id":"a"`, 400},
		"two documents":     {http.MethodPut, config.PathConfig, "{}{}", 400},
		"unknown field":     {http.MethodPut, config.PathConfig, `{"listenres":[]}`, 400},
		"wrong type":        {http.MethodPut, config.PathConfig, `{"listeners":{}}`, 400},
		"number too large":  {http.MethodPut, config.PathConfig, `{"listeners":[{"port":99999999999}]}`, 400},
		"bad duration":      {http.MethodPut, config.PathConfig, `{"gateways":[{"id":"a","limits":{"idle_timeout":"soon"}}]}`, 400},
		"negative duration": {http.MethodPut, config.PathConfig, `{"gateways":[{"id":"a","limits":{"idle_timeout":"-1s"}}]}`, 400},
		"deep":              {http.MethodPut, config.PathConfig, strings.Repeat("[", 1_000_000), 400},
		"deep object":       {http.MethodPut, config.PathConfig, `{"gateways":` + strings.Repeat(`[{"id":`, 100_000), 400},

		"no such gateway":   {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Gateways = nil }), 422},
		"gateway twice":     {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Gateways = append(c.Gateways, c.Gateways[0]) }), 422},
		"no ID":             {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Routes[0].ID = "" }), 422},
		"no such listener":  {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Routes[0].Attachments[0].Listener = "x" }), 422},
		"no such backend":   {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Backends = nil }), 422},
		"log level":         {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.LogLevel = "loud" }), 422},
		"negative limit":    {http.MethodPut, config.PathConfig, spoil(limiting(config.Limits{MaxConnections: -1})), 422},
		"no port":           {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Address = "127.0.0.1" }), 422},
		"port of the proxy": {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Address = "127.0.0.1:19443" }), 422},
		"port is taken":     {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Address = taken }), 422},
		"address of nobody": {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Address = "192.0.2.1:8080" }), 422},
		"HTTPS without TLS": {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Protocol = config.HTTPS }), 422},
		"hostname":          {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Hostname = "a/b" }), 422},
		"wildcard within":   {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Listeners[0].Hostname = "a.*.example" }), 422},
		"bad certificate":   {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Certificates = []config.Certificate{{ID: "c", Chain: "x", Key: "secret"}} }), 422},
		"endpoint":          {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) { c.Backends[0].Endpoints[0].Address = "x" }), 422},
		"endpoint twice": {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) {
			c.Backends[0].Endpoints = append(c.Backends[0].Endpoints, c.Backends[0].Endpoints[0])
		}), 422},
		"trusted proxies": {http.MethodPut, config.PathConfig, spoil(func(c *config.Config) {
			c.Gateways[0].ClientAddress = &config.ClientAddress{TrustedProxies: []string{"x"}}
		}), 422},
		"weight":             {http.MethodPut, config.PathConfig, rule(func(r *config.Rule) { r.Backends[0].Weight = -1 }), 422},
		"huge weight":        {http.MethodPut, config.PathConfig, rule(func(r *config.Rule) { r.Backends[0].Weight = 1 << 30 }), 422},
		"error status":       {http.MethodPut, config.PathConfig, rule(func(r *config.Rule) { r.ErrorStatus = 200 }), 422},
		"path":               {http.MethodPut, config.PathConfig, match(config.Match{Path: &config.PathMatch{Type: config.Prefix, Value: "x"}}), 422},
		"expression":         {http.MethodPut, config.PathConfig, match(config.Match{Path: &config.PathMatch{Type: config.Regex, Value: "("}}), 422},
		"huge expression":    {http.MethodPut, config.PathConfig, match(config.Match{Path: &config.PathMatch{Type: config.Regex, Value: "((a{1000}){1000}){1000}"}}), 422},
		"method":             {http.MethodPut, config.PathConfig, match(config.Match{Method: "GET /"}), 422},
		"header name":        {http.MethodPut, config.PathConfig, match(config.Match{Headers: []config.ValueMatch{{Name: "a b", Value: "x"}}}), 422},
		"two filters in one": {http.MethodPut, config.PathConfig, filter(config.Filter{Redirect: &config.Redirect{}, Rewrite: &config.Rewrite{}}), 422},
		"no filter":          {http.MethodPut, config.PathConfig, filter(config.Filter{}), 422},
		"split by a filter": {http.MethodPut, config.PathConfig, filter(config.Filter{ResponseHeaders: &config.HeaderModifier{
			Set: []config.Header{{Name: "X", Value: "y\r\nSet-Cookie: z"}},
		}}), 422},
		"split by a type": {http.MethodPut, config.PathConfig, filter(config.Filter{StaticResponse: &config.StaticResponse{Status: 200, ContentType: "a\r\nb: c"}}), 422},
		"static status":   {http.MethodPut, config.PathConfig, filter(config.Filter{StaticResponse: &config.StaticResponse{Status: 101}}), 422},
		"rewrite a host":  {http.MethodPut, config.PathConfig, filter(config.Filter{Rewrite: &config.Rewrite{Hostname: "a\r\nb"}}), 422},
		"access list":     {http.MethodPut, config.PathConfig, filter(config.Filter{AccessControl: &config.AccessControl{Allow: []string{"10.0.0.0/33"}}}), 422},

		"delta of nothing":      {http.MethodPatch, config.PathConfig, "null", 400},
		"delta of another base": {http.MethodPatch, config.PathConfig, `{"base":"x","version":"y"}`, 409},
		"removes nothing":       {http.MethodPatch, config.PathConfig, base + `,"routes":{"remove":["x"]}}`, 422},
		"removes twice":         {http.MethodPatch, config.PathConfig, base + fmt.Sprintf(`,"routes":{"remove":[%q,%q]}}`, routeID, routeID), 422},
		"removes what is used":  {http.MethodPatch, config.PathConfig, base + fmt.Sprintf(`,"backends":{"remove":[%q]}}`, backendID), 422},
		"removes the listener":  {http.MethodPatch, config.PathConfig, base + fmt.Sprintf(`,"listeners":{"remove":[%q]}}`, listenerID), 422},
		"sets what is invalid":  {http.MethodPatch, config.PathConfig, base + `,"gateways":{"set":[{"id":""}]}}`, 422},
		"half a delta":          {http.MethodPatch, config.PathConfig, base, 400},

		"endpoints of another base": {http.MethodPatch, config.PathEndpoints, `{"base":"x","backends":[]}`, 409},
		"endpoints of nobody":       {http.MethodPatch, config.PathEndpoints, fmt.Sprintf(`{"base":%q,"backends":[{"id":"x"}]}`, cfg.Version), 409},
		"endpoints without port": {http.MethodPatch, config.PathEndpoints,
			fmt.Sprintf(`{"base":%q,"backends":[{"id":%q,"endpoints":[{"address":"10.0.0.1"}]}]}`, cfg.Version, backendID), 422},
		"one good and one bad": {http.MethodPatch, config.PathEndpoints,
			fmt.Sprintf(`{"base":%q,"backends":[{"id":%q,"endpoints":[]},{"id":"x"}]}`, cfg.Version, backendID), 409},

		"other method":       {http.MethodPost, config.PathConfig, "{}", 405},
		"deletes":            {http.MethodDelete, config.PathConfig, "", 405},
		"other path":         {http.MethodPut, "/load", "{}", 404},
		"status is not set":  {http.MethodPut, config.PathStatus, "{}", 405},
		"endpoints by PUT":   {http.MethodPut, config.PathEndpoints, "{}", 405},
		"path with segments": {http.MethodPut, config.PathConfig + "/", "{}", 404},
	} {
		code, body := gw.push(t, push.method, push.path, push.body)
		if code != push.want {
			t.Errorf("%s: %d %.300s, want %d", name, code, body, push.want)
		}
		if strings.Contains(body, "secret") {
			t.Errorf("%s: the refusal quotes a key: %s", name, body)
		}
		var refusal config.Refusal
		if code == 400 || code == 422 {
			if err := json.Unmarshal([]byte(body), &refusal); err != nil || refusal.Message == "" {
				t.Errorf("%s: the refusal does not say why: %s", name, body)
			}
		}
		if _, after := gw.push(t, http.MethodGet, config.PathConfig, ""); after != before {
			t.Fatalf("%s: the configuration was\n%s and is\n%s", name, before, after)
		}
		if _, after := gw.push(t, http.MethodGet, config.PathStatus, ""); after != status {
			t.Fatalf("%s: the status was %s and is %s", name, status, after)
		}
		c := dial(t, gw.address)
		c.send(get)
		if a := c.mustNext("GET"); a.StatusCode != 200 {
			t.Errorf("%s: then %s", name, a.Status)
		}
		c.Close()
	}
}

// freeListener is an address that is taken.
func freeListener(t *testing.T) string {
	t.Helper()
	return newRecorder(t).address
}

// TestConcurrentPushes has controllers that don't know of each other. Each push
// is taken whole or not at all: what runs in the end is what one of them has sent.
func TestConcurrentPushes(t *testing.T) {
	app := newRecorder(t)
	first := site(t, app.address)
	config.Seal(first)
	gw := newGateway(t, first)

	// sealed is the configuration of one controller at one time.
	sealed := func(controller, i int) *config.Config {
		next := *first
		next.Routes = slices.Clone(first.Routes)
		next.Routes[0].Rules = []config.Rule{static(fmt.Sprintf("%d-%d", controller, i))}
		next.Routes[0].Created = int64(i)
		config.Seal(&next)
		return &next
	}
	var mu sync.Mutex
	sent := map[string]*config.Config{first.Version: first}
	taken := map[int]int{} // by status
	note := func(c *config.Config, code int) {
		mu.Lock()
		defer mu.Unlock()
		sent[c.Version] = c
		taken[code]++
	}
	var wg sync.WaitGroup
	for controller := range 3 {
		wg.Go(func() {
			for i := range 20 {
				next := sealed(controller, i)
				switch controller {
				case 0:
					note(next, http.StatusOK)
					gw.mustPush(t, http.MethodPut, config.PathConfig, next)
				case 1:
					base := gw.runtime.Config()
					code, _ := gw.push(t, http.MethodPatch, config.PathConfig, config.Diff(base, next))
					note(next, code)
				case 2:
					code, _ := gw.push(t, http.MethodPatch, config.PathEndpoints, &config.EndpointsUpdate{
						Base: gw.runtime.Status().Version, Backends: []config.BackendEndpoints{{
							ID: backendID, Endpoints: []config.Endpoint{{Address: app.address}, {Address: fmt.Sprintf("127.0.0.1:%d", 1+i)}},
						}},
					})
					note(first, code)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("answers by status: %v", taken)
	for code := range taken {
		if code != http.StatusOK && code != http.StatusConflict {
			t.Errorf("status %d", code)
		}
	}

	_, body := gw.push(t, http.MethodGet, config.PathConfig, "")
	got, err := config.Decode(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	want, ok := sent[got.Version]
	if !ok {
		t.Fatalf("version %q was sent by nobody", got.Version)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(config.Backend{}, "Endpoints")); diff != "" {
		t.Errorf("what runs is not what was sent as %s: %s", got.Version, diff)
	}
	var status config.Status
	_, body = gw.push(t, http.MethodGet, config.PathStatus, "")
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatal(err)
	}
	if status.Version != got.Version || status.EndpointsVersion != config.EndpointsVersion(got) {
		t.Errorf("the status is %+v of version %s, endpoints %s", status, got.Version, config.EndpointsVersion(got))
	}
	c := dial(t, gw.address)
	c.send(get)
	a := c.mustNext("GET")
	if got.Version == first.Version {
		return
	}
	if want := string(want.Routes[0].Rules[0].Filters[0].StaticResponse.Body); a.body != want {
		t.Errorf("%s is served as %q, want %q", got.Version, a.body, want)
	}
}
