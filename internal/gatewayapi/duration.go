// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"regexp"
	"time"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// durationForm is that of GEP-2257, which is less than time.ParseDuration takes.
var durationForm = regexp.MustCompile(`^([0-9]{1,5}(h|m|s|ms)){1,4}$`)

// parseDuration reads a Gateway API duration. None is 0.
func parseDuration(d *gwv1.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if !durationForm.MatchString(string(*d)) {
		return 0, fmt.Errorf("%q is not a duration such as 1h30m, 10s or 500ms", *d)
	}
	return time.ParseDuration(string(*d))
}
