// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// readSecret takes the data out before anything else is decoded, so that no
// decoder's error can hold a part of it.
func readSecret(ctx context.Context, object map[string]any) (metav1.Object, field.ErrorList) {
	data, errs := secretData(object)
	delete(object, "data")
	delete(object, "stringData")
	if len(errs) > 0 {
		return nil, errs
	}
	return namespaced(rules[*corev1.Secret]{validation.NameIsDNSSubdomain, func(secret *corev1.Secret) field.ErrorList {
		secret.Data = data
		return finishSecret(secret)
	}}).read(ctx, object)
}

// secretData decodes data, and stringData over it.
func secretData(object map[string]any) (map[string][]byte, field.ErrorList) {
	data := map[string][]byte{}
	var errs field.ErrorList
	each := func(name string, decode func(string) ([]byte, error)) {
		value, ok := object[name].(map[string]any)
		if !ok && object[name] != nil {
			errs = append(errs, invalid(name, "must be a mapping of names to strings"))
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			path := fmt.Sprintf("%s[%s]", name, key)
			errs = append(errs, dataKey(name, key)...)
			text, ok := value[key].(string)
			if !ok && value[key] != nil {
				errs = append(errs, invalid(path, "must be a string; quote it"))
				continue
			}
			decoded, err := decode(text)
			if err != nil {
				errs = append(errs, invalid(path, err.Error()))
				continue
			}
			data[key] = decoded
		}
	}
	each("data", func(text string) ([]byte, error) {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("not base64 (plain text goes into stringData): %w", err)
		}
		return decoded, nil
	})
	each("stringData", func(text string) ([]byte, error) { return []byte(text), nil })
	return data, errs
}

func finishSecret(secret *corev1.Secret) field.ErrorList {
	if secret.Type == "" {
		secret.Type = corev1.SecretTypeOpaque
	}
	size := 0
	for _, value := range secret.Data {
		size += len(value)
	}
	errs := tooLarge(size)
	if secret.Type == corev1.SecretTypeTLS {
		for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
			if _, ok := secret.Data[key]; !ok {
				errs = append(errs, field.Required(field.NewPath("data").Key(key), "a Secret of type "+string(corev1.SecretTypeTLS)+" has it"))
			}
		}
	}
	return errs
}

// tooLarge is the API server's limit for the data of a Secret or ConfigMap.
func tooLarge(size int) field.ErrorList {
	if size <= corev1.MaxSecretSize {
		return nil
	}
	return field.ErrorList{invalid("data", fmt.Sprintf("the data has %d bytes, at most %d are allowed", size, corev1.MaxSecretSize))}
}

func dataKey(name, key string) field.ErrorList {
	if msgs := utilvalidation.IsConfigMapKey(key); len(msgs) > 0 {
		return field.ErrorList{invalid(fmt.Sprintf("%s[%s]", name, key), strings.Join(msgs, "; "))}
	}
	return nil
}
