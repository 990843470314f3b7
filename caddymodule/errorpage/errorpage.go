// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package errorpage writes the answers that a proxy gives by itself: no route, no
// endpoint, a timeout and the like.
package errorpage

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Write answers with the status, from 400 to 599, in the form of format, empty
// being the default. The detail, which may be "", is a sentence for whoever sent
// the request; it must not tell about the inside of the cluster. Header fields
// that w already has are kept, except those that describe a body.
//
// A HEAD request is answered with the header that GET would get.
func Write(w http.ResponseWriter, r *http.Request, format config.ErrorFormat, status int, detail string) {
	contentType, body := render(format, status, detail)
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Etag", "Last-Modified", "Trailer"} {
		h.Del(name)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if contentType == "" {
		// A nil value keeps net/http from guessing one.
		h["Content-Type"] = nil
	} else {
		h.Set("Content-Type", contentType)
		h.Set("X-Content-Type-Options", "nosniff")
	}
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead && len(body) > 0 {
		// There is nobody to tell of an error but the client, who is gone.
		_, _ = w.Write(body)
	}
}

func render(format config.ErrorFormat, status int, detail string) (contentType string, body []byte) {
	switch format {
	case config.ErrorHTML:
		return "text/html; charset=utf-8", renderHTML(status, detail)
	case config.ErrorProblem:
		return "application/problem+json", renderProblem(status, detail)
	case config.ErrorEmpty:
	}
	return "", nil
}

// problem is a problem details object (RFC 9457). Its type is about:blank, which
// is implied by leaving it out but named, for readers.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func renderProblem(status int, detail string) []byte {
	body, err := json.Marshal(problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		return nil // strings and a number always encode
	}
	return append(body, '\n')
}

var page = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Status}} {{.Title}}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 36rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; font-weight: 600; }
</style>
</head>
<body>
<h1>{{.Status}} {{.Title}}</h1>
{{- with .Detail}}
<p>{{.}}</p>
{{- end}}
</body>
</html>
`))

func renderHTML(status int, detail string) []byte {
	var b bytes.Buffer
	if err := page.Execute(&b, problem{Title: http.StatusText(status), Status: status, Detail: detail}); err != nil {
		return nil // a buffer takes everything, and the template is fixed
	}
	return b.Bytes()
}
