// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"strings"
	"time"

	"go.uber.org/zap"
)

const (
	// remindInterval is how often an outage that lasts is logged.
	remindInterval = 10 * time.Minute
	// maxReason bounds what is logged of an error, which may quote a collector.
	maxReason = 300
)

// outages logs that a destination doesn't take spans: when that begins, now and then, and
// when it is over. Not safe for concurrent use.
type outages struct {
	logger *zap.Logger
	logged time.Time // the last time, zero while there is no outage
}

// note takes the result of sending.
func (o *outages) note(err error) {
	switch {
	case err == nil && !o.logged.IsZero():
		o.logged = time.Time{}
		o.logger.Info("the collector takes spans again")
	case err != nil && time.Since(o.logged) > remindInterval:
		o.logged = time.Now()
		reason := err.Error()
		if len(reason) > maxReason {
			reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
		}
		o.logger.Warn("the collector does not take spans, which are lost", zap.String("error", reason))
	}
}
