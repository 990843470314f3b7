// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Problem is something in a file that is not used as it stands.
type Problem struct {
	Position
	// Object it is about, the zero Key where that can't be told.
	Object Key
	// Field within Object, such as "spec.listeners[0].port", or empty.
	Field string
	// Message for people. It holds no content of Secrets.
	Message string
	// Note is true for what is no mistake, such as a Deployment among the files:
	// it is left alone and nothing needs mending.
	Note bool
}

// String is one line: position, object, field and message.
func (p Problem) String() string {
	parts := make([]string, 0, 4)
	if p.File != "" {
		parts = append(parts, p.Position.String())
	}
	if p.Object != (Key{}) {
		parts = append(parts, p.Object.String())
	}
	if p.Field != "" {
		parts = append(parts, p.Field)
	}
	return strings.Join(append(parts, p.Message), ": ")
}

// fieldMessage words a field error without the field, which stands elsewhere, and
// without values that are whole objects or tell nothing.
func fieldMessage(err *field.Error) string {
	// What the OpenAPI validator says names the field again.
	detail := strings.TrimPrefix(err.Detail, err.Field+" in body ")
	if err.Type == field.ErrorTypeInvalid || err.Type == field.ErrorTypeTypeInvalid || err.Type == field.ErrorTypeDuplicate {
		if detail != "" && (tellsNothing(err.BadValue) || strings.HasPrefix(detail, "must be of type")) {
			return detail
		}
		if tellsNothing(err.BadValue) {
			return err.Type.String()
		}
	}
	plain := *err
	plain.Detail = detail
	return plain.ErrorBody()
}

// tellsNothing is true for values that are left out, whole objects, and the names
// of types that stand for the values which CEL rules are about.
func tellsNothing(value any) bool {
	switch value := value.(type) {
	case field.OmitValueType, map[string]any, []any:
		return true
	case string:
		return value == "" || value == "object" || value == "array"
	}
	return false
}
