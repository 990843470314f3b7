// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// typeOf names the type of a value, as a reader would.
func typeOf(s apiextensions.JSONSchemaProps) string {
	switch {
	case s.Items != nil && s.Items.Schema != nil:
		return "list of " + typeOf(*s.Items.Schema)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		return "map of " + typeOf(*s.AdditionalProperties.Schema)
	case s.XIntOrString:
		return "integer or string"
	case s.Type == "":
		return "any"
	case s.Format != "" && s.Type == "string":
		return "string (" + s.Format + ")"
	}
	return s.Type
}

// limits are what the schema says of values but for its rules.
func limits(s apiextensions.JSONSchemaProps) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if s.Default != nil {
		add("Default: `%s`", strings.TrimSpace(string(s.Default.Raw)))
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, value := range s.Enum {
			values = append(values, "`"+strings.Trim(string(value.Raw), `"`)+"`")
		}
		add("One of %s", strings.Join(values, ", "))
	}
	if text := between(s.Minimum, s.Maximum); text != "" {
		add("%s", text)
	}
	if text := between(s.MinLength, s.MaxLength); text != "" {
		add("%s characters", text)
	}
	if text := between(s.MinItems, s.MaxItems); text != "" {
		add("%s items", text)
	}
	if text := between(s.MinProperties, s.MaxProperties); text != "" {
		add("%s entries", text)
	}
	if s.Pattern != "" {
		add("Pattern: `%s`", s.Pattern)
	}
	if keys := s.XListMapKeys; len(keys) > 0 {
		add("Key of the list: `%s`", strings.Join(keys, "`, `"))
	}
	// What is said of the items of a list, or of the values of a map, is said of the field.
	if s.Items != nil && s.Items.Schema != nil {
		list = append(list, each(*s.Items.Schema)...)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		list = append(list, each(*s.AdditionalProperties.Schema)...)
	}
	return list
}

func each(s apiextensions.JSONSchemaProps) []string {
	var list []string
	for _, limit := range append(limits(s), rules(s)...) {
		list = append(list, "Each: "+limit)
	}
	return list
}

// between is a range of values.
func between[N int64 | float64](least, most *N) string {
	switch {
	case least != nil && most != nil:
		return fmt.Sprintf("%v to %v", plain(*least), plain(*most))
	case least != nil:
		return fmt.Sprintf("at least %v", plain(*least))
	case most != nil:
		return fmt.Sprintf("at most %v", plain(*most))
	}
	return ""
}

// plain writes whole numbers without an exponent.
func plain[N int64 | float64](n N) any {
	if whole := int64(n); N(whole) == n {
		return whole
	}
	return n
}

// rules are the CEL rules, and those that are alternatives of schemas, with their messages.
func rules(s apiextensions.JSONSchemaProps) []string {
	var list []string
	for _, rule := range s.XValidations {
		message := rule.Message
		if rule.MessageExpression != "" {
			message = "`" + rule.MessageExpression + "`"
		}
		list = append(list, fmt.Sprintf("`%s`: %s", strings.Join(strings.Fields(rule.Rule), " "), prose(message, " ")))
	}
	return slices.Clip(list)
}
