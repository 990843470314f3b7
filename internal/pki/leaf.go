// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"time"
)

// ControllerURI is the identity of the controller: the only URI SAN that proxies
// take configurations from.
const ControllerURI = "spiffe://kubera.dev/controller"

const serverDomain = "proxy.kubera.dev"

// ServerName is the DNS name in the certificate of the proxies of a Gateway. It
// resolves nowhere. Names that are no DNS name for their length are replaced by
// a hash.
func ServerName(namespace, gateway string) string {
	name := gateway + "." + namespace + "." + serverDomain
	long := len(name) > 253
	for label := range strings.SplitSeq(gateway, ".") {
		long = long || len(label) > 63
	}
	if !long {
		return name
	}
	sum := sha256.Sum256([]byte(gateway))
	return "gateway-" + hex.EncodeToString(sum[:16]) + "." + namespace + "." + serverDomain
}

// IssueServer makes the data of the Secret of the proxies of one Gateway:
// KeyCertificate, KeyPrivateKey and KeyBundle.
func (a *Authority) IssueServer(name string, now time.Time) (map[string][]byte, error) {
	pair, err := sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kubera-proxy"},
		DNSNames:    []string{name},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.current, now, ServerLifetime)
	if err != nil {
		return nil, err
	}
	key, err := encodeKey(pair.key)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		KeyCertificate: encodeCertificates(pair.cert),
		KeyPrivateKey:  key,
		KeyBundle:      a.Bundle(),
	}, nil
}

// Errors of CheckServer. ErrDamaged means that somebody else wrote the Secret;
// the others are the ordinary course of things.
var (
	ErrDamaged  = errors.New("the Secret of the control channel is damaged")
	ErrRenewal  = errors.New("the certificate is due for renewal")
	ErrReissue  = errors.New("the certificate was signed by an authority that is being replaced")
	ErrNewTrust = errors.New("the trusted authorities have changed")
)

// CheckServer says why the data of the Secret of a Gateway's proxies have to be
// written anew, nil if they are good. An error wraps one of those above.
// The time is when to check again.
func (a *Authority) CheckServer(data map[string][]byte, name string, now time.Time) (time.Time, error) {
	pair, err := parsePair(data[KeyCertificate], data[KeyPrivateKey])
	if err != nil {
		return now, errors.Join(ErrDamaged, err)
	}
	due := RenewAt(pair.cert)
	switch {
	case pair.cert.VerifyHostname(name) != nil:
		return now, errors.Join(ErrDamaged, errors.New("certificate: not for "+name))
	case pair.cert.CheckSignatureFrom(a.current.cert) != nil:
		return now, ErrReissue
	case !now.Before(due):
		return now, ErrRenewal
	case !bytes.Equal(data[KeyBundle], a.Bundle()):
		return now, ErrNewTrust
	}
	return due, nil
}

// RefreshTrust returns data with the present bundle, the certificate staying.
func (a *Authority) RefreshTrust(data map[string][]byte) map[string][]byte {
	return map[string][]byte{
		KeyCertificate: data[KeyCertificate],
		KeyPrivateKey:  data[KeyPrivateKey],
		KeyBundle:      a.Bundle(),
	}
}

// IssueClient makes the certificate by which a controller shows who it is.
func (a *Authority) IssueClient(now time.Time) (*tls.Certificate, error) {
	uri, err := url.Parse(ControllerURI)
	if err != nil {
		return nil, err
	}
	pair, err := sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kubera-controller"},
		URIs:        []*url.URL{uri},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.current, now, ClientLifetime)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{pair.cert.Raw}, PrivateKey: pair.key, Leaf: pair.cert}, nil
}
