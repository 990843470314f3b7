// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// Certificate is a certificate chain with its private key.
type Certificate struct {
	ID string `json:"id"`
	// Chain is one or more PEM blocks, the leaf first.
	Chain string `json:"chain"`
	// Key is a PEM block. It is never logged nor reported back.
	Key string `json:"key"`
}

// CABundle is a set of certificates that others are verified by.
type CABundle struct {
	// ID names the bundle, "ConfigMap/default/ca".
	ID string `json:"id"`
	// Certificates are one or more PEM blocks of type CERTIFICATE.
	Certificates string `json:"certificates"`
}
