// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contract checks what a controller sends against a past revision of
// caddymodule/config, as a proxy of that revision does that takes no field which it
// does not know. It reads the file that keeps the revision, and needs no code of then.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Revision is what was known in a revision.
type Revision struct {
	fields map[string]map[string]string
	values map[string]map[string]bool
}

// Read reads caddymodule/config/testdata/revision-N.txt.
func Read(path string) (*Revision, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a revision: %w", err)
	}
	r := &Revision{fields: map[string]map[string]string{}, values: map[string]map[string]bool{}}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] == "#" {
			continue
		}
		if words[1] == "values:" {
			known := map[string]bool{"": true}
			for _, v := range words[2:] {
				known[v] = true
			}
			r.values[words[0]] = known
			continue
		}
		dot := strings.LastIndex(words[0], ".")
		if dot < 0 {
			return nil, fmt.Errorf("%s: %q is neither a field nor the values of a type", path, line)
		}
		typ, field := words[0][:dot], words[0][dot+1:]
		if r.fields[typ] == nil {
			r.fields[typ] = map[string]string{}
		}
		r.fields[typ][field] = words[1]
	}
	return r, nil
}

// Check says what of a document is not in the revision; the document is a value of the
// type in JSON.
func (r *Revision) Check(typ string, document []byte) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("decoding a %s: %w", typ, err)
	}
	return r.check(typ, v)
}

func (r *Revision) check(typ string, v any) error {
	if v == nil {
		return nil
	}
	if elem, ok := strings.CutPrefix(typ, "[]"); ok {
		list, ok := v.([]any)
		if !ok {
			return wrongType(typ, v)
		}
		for i := range list {
			if err := r.check(elem, list[i]); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	}
	if fields := r.fields[typ]; fields != nil {
		object, ok := v.(map[string]any)
		if !ok {
			return wrongType(typ, v)
		}
		for name, value := range object {
			of, known := fields[name]
			if !known {
				return fmt.Errorf("%s has no field %s", typ, name)
			}
			if err := r.check(of, value); err != nil {
				return fmt.Errorf("%s.%s: %w", typ, name, err)
			}
		}
		return nil
	}
	return r.scalar(typ, v)
}

func (r *Revision) scalar(typ string, v any) error {
	var ok bool
	switch typ {
	case "bool":
		_, ok = v.(bool)
	case "int", "int32", "int64", "float64":
		_, ok = v.(json.Number)
	case "string", "Duration", "base64":
		_, ok = v.(string)
	default:
		values, known := r.values[typ]
		if !known {
			return fmt.Errorf("there is no type %s", typ)
		}
		var s string
		if s, ok = v.(string); ok && !values[s] {
			return fmt.Errorf("%s has no value %q", typ, s)
		}
	}
	if !ok {
		return wrongType(typ, v)
	}
	return nil
}

func wrongType(want string, got any) error { return fmt.Errorf("a %T where %s is expected", got, want) }
