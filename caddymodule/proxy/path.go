// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import "strings"

// cleanPath returns the decoded path with repeated slashes taken for one and,
// which dots reports, dot segments resolved (RFC 3986, 5.2.4). A slash at the
// end stays. It reports false for a path that leads above the root or has no
// slash in front. A path that is clean already costs no allocation.
func cleanPath(path string) (clean string, dots, ok bool) {
	if path == "" || path[0] != '/' {
		return path, false, false
	}
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path, false, true
	}
	var segments []string
	rest, trailing := path[1:], false
	for more := true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		trailing = false
		switch segment {
		case "":
			trailing = true
		case ".":
			dots, trailing = true, true
		case "..":
			dots, trailing = true, true
			if len(segments) == 0 {
				return path, true, false
			}
			segments = segments[:len(segments)-1]
		default:
			segments = append(segments, segment)
		}
	}
	clean = "/" + strings.Join(segments, "/")
	if trailing && len(segments) > 0 {
		clean += "/"
	}
	return clean, dots, true
}
