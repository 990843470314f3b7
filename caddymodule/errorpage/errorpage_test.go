// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package errorpage

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// write runs Write behind a real server, since what net/http adds counts too.
func write(t *testing.T, method string, format config.ErrorFormat, status int, detail string) (*http.Response, string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("X-Kept", "yes")
		Write(w, r, format, status, detail)
	}))
	defer s.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestWrite(t *testing.T) {
	tests := map[string]struct {
		format          config.ErrorFormat
		wantContentType string
		wantInBody      []string
	}{
		"default is empty": {format: ""},
		"empty":            {format: config.ErrorEmpty},
		"unknown is empty": {format: "picture"},
		"html":             {config.ErrorHTML, "text/html; charset=utf-8", []string{"<title>503 Service Unavailable</title>", "<p>&lt;no&gt; endpoint</p>"}},
		"problem":          {config.ErrorProblem, "application/problem+json", []string{`"type":"about:blank"`, `"status":503`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			resp, body := write(t, http.MethodGet, tc.format, http.StatusServiceUnavailable, "<no> endpoint")
			if resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("status %d", resp.StatusCode)
			}
			if got := resp.Header.Get("Content-Type"); got != tc.wantContentType {
				t.Errorf("Content-Type %q, want %q", got, tc.wantContentType)
			}
			if (body == "") != (tc.wantInBody == nil) {
				t.Errorf("body %q", body)
			}
			for _, want := range tc.wantInBody {
				if !strings.Contains(body, want) {
					t.Errorf("%q is not in %q", want, body)
				}
			}
			if resp.ContentLength != int64(len(body)) {
				t.Errorf("Content-Length %d of %d bytes", resp.ContentLength, len(body))
			}
			if resp.Header.Get("X-Kept") != "yes" || resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Server") != "" {
				t.Errorf("header %v", resp.Header)
			}
		})
	}
}

// RFC 9457, section 3.1: title is the status' phrase with type about:blank, and
// status is that of the response.
func TestWriteProblem(t *testing.T) {
	for _, detail := range []string{"", "no route takes this request"} {
		_, body := write(t, http.MethodPost, config.ErrorProblem, http.StatusNotFound, detail)
		var got problem
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if want := (problem{"about:blank", "Not Found", 404, detail}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if strings.Contains(body, "detail") != (detail != "") {
			t.Errorf("%q", body)
		}
	}
}

// RFC 9110, section 9.3.2: the header of HEAD is that of GET.
func TestWriteHead(t *testing.T) {
	for _, format := range []config.ErrorFormat{config.ErrorEmpty, config.ErrorHTML, config.ErrorProblem} {
		get, _ := write(t, http.MethodGet, format, http.StatusBadGateway, "")
		head, body := write(t, http.MethodHead, format, http.StatusBadGateway, "")
		if body != "" || head.ContentLength != get.ContentLength || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %d bytes of %q for HEAD, %d for GET", format, head.ContentLength, body, get.ContentLength)
		}
	}
}
