// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	nameSuffix = "-kubera"
	// maxName leaves room for the 17 characters that a Deployment and its
	// ReplicaSet add to make the name of a pod, which is its host name.
	maxName = validation.DNS1123LabelMaxLength - 17
	// hashLength is the number of hexadecimal digits of a hash in a name.
	hashLength = 8
)

// Name of the objects of a Gateway, in the Gateway's namespace: the Gateway's own
// with "-kubera" behind it. It is a DNS label of at most 46 characters that begins
// with a letter, as Services need; where the Gateway's name is too long for that,
// or has dots or begins with a digit, a hash keeps it apart from others.
func Name(gateway string) string {
	if name := gateway + nameSuffix; len(name) <= maxName && len(validation.IsDNS1035Label(name)) == 0 {
		return name
	}
	label := strings.ReplaceAll(gateway, ".", "-")
	if label == "" || label[0] < 'a' || label[0] > 'z' {
		label = "gw-" + label
	}
	return shorten(label, gateway, maxName-len(nameSuffix)) + nameSuffix
}

// ControlSecretName is the name of the Secret with the certificate of the control
// port: tls.crt, tls.key and ca.crt. The pods don't start without it.
func ControlSecretName(gateway string) string {
	return Name(gateway) + "-control"
}

// labelValue is a name as the value of a label, at most 63 characters.
func labelValue(name string) string {
	if len(name) <= validation.LabelValueMaxLength {
		return name
	}
	return shorten(name, name, validation.LabelValueMaxLength)
}

// shorten cuts a label and adds a hash of the whole name, so that the result has
// at most limit characters.
func shorten(label, whole string, limit int) string {
	sum := sha256.Sum256([]byte(whole))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	if limit -= hashLength + 1; len(label) > limit {
		label = label[:limit]
	}
	return strings.TrimRight(label, "-._") + "-" + hash
}
