// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package otlptest is an OpenTelemetry collector for tests: it takes spans by OTLP over
// HTTP and gRPC, and tells what they say.
package otlptest
