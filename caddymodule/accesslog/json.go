// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// jsonEncoder has no state but its settings; zap pools the rest.
type jsonEncoder struct {
	encoder zapcore.Encoder
}

func newJSON() jsonEncoder {
	return jsonEncoder{zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey:    "time",
		LineEnding: zapcore.DefaultLineEnding,
		EncodeTime: zapcore.RFC3339NanoTimeEncoder,
		// Seconds, as Prometheus has them.
		EncodeDuration: zapcore.SecondsDurationEncoder,
	})}
}

func (j jsonEncoder) encode(e *Entry) (*buffer.Buffer, error) {
	fields := append(make([]zapcore.Field, 0, 22),
		zap.String("logger", "access"),
		zap.String("method", bounded(e.Method)),
		zap.String("host", bounded(e.Host)),
		zap.String("target", bounded(e.Target)),
		zap.String("proto", e.Proto),
		zap.Int("status", e.Status),
		zap.Int64("bytes", e.Bytes),
		zap.Duration("duration", e.Duration),
	)
	if e.Client.IsValid() {
		fields = append(fields, zap.String("client", e.Client.String()))
	}
	for _, f := range []struct{ key, value string }{
		{"gateway", e.Gateway},
		{"listener", e.Listener},
		{"route", e.Route},
		{"rule", e.Rule},
		{"backend", e.Backend},
		{"endpoint", e.Endpoint},
		{"grpc_status", e.GRPCStatus},
		{"user_agent", e.UserAgent},
		{"referer", e.Referer},
		{"error", e.Error},
		{"trace_id", e.TraceID},
		{"span_id", e.SpanID},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.key, bounded(f.value)))
		}
	}
	return j.encoder.EncodeEntry(zapcore.Entry{Time: e.Time}, fields)
}
