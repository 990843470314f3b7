// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// Changes are the objects in which two sets differ, in the order of the later one;
// those that are gone come last.
type Changes struct {
	Added, Changed, Removed []manifest.Key
}

// Compare finds out what became of before. Both may be nil.
func Compare(before, after *manifest.Set) Changes {
	var c Changes
	for _, object := range objects(after) {
		var old *manifest.Object
		if before != nil {
			old = before.Find(object.Key)
		}
		switch {
		case old == nil:
			c.Added = append(c.Added, object.Key)
		case old.Value != object.Value && !equality.Semantic.DeepEqual(old.Value, object.Value):
			c.Changed = append(c.Changed, object.Key)
		}
	}
	for _, object := range objects(before) {
		if after == nil || after.Find(object.Key) == nil {
			c.Removed = append(c.Removed, object.Key)
		}
	}
	return c
}

func objects(s *manifest.Set) []*manifest.Object {
	if s == nil {
		return nil
	}
	return s.Objects
}

// Empty is true if nothing differs.
func (c Changes) Empty() bool {
	return len(c.Added)+len(c.Changed)+len(c.Removed) == 0
}

// maxNamed is how many objects a line names.
const maxNamed = 3

// String is one line: "HTTPRoute default/web changed, Service default/a added and 4 more".
func (c Changes) String() string {
	total := len(c.Added) + len(c.Changed) + len(c.Removed)
	var parts []string
	for _, group := range []struct {
		keys []manifest.Key
		what string
	}{{c.Changed, "changed"}, {c.Added, "added"}, {c.Removed, "removed"}} {
		for _, key := range group.keys {
			if len(parts) < maxNamed {
				parts = append(parts, key.String()+" "+group.what)
			}
		}
	}
	text := strings.Join(parts, ", ")
	switch {
	case total == 0:
		return "nothing changed"
	case total > len(parts):
		return fmt.Sprintf("%s and %d more", text, total-len(parts))
	}
	return text
}
