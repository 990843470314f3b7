// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubera-dev/kubera/test/loopback"
)

var _ = Describe("Metrics over HTTPS", func() {
	It("are for those who are bound to metrics-reader", func(ctx context.Context) {
		inProcess.stop()
		address := loopback.FreeAddress(GinkgoTB())
		process := startProcess("--metrics-bind-address=" + address)
		DeferCleanup(func() {
			Expect(process.Process.Signal(syscall.SIGTERM)).To(Succeed())
			Expect(process.Wait()).To(Succeed())
			inProcess = startOperator()
		})
		namespace := newNamespace(ctx)
		content, err := os.ReadFile(filepath.Join(root(), "config", "rbac", "metrics_reader_role.yaml"))
		Expect(err).NotTo(HaveOccurred())
		role := parse("", string(content))[0]
		Expect(k8s.Create(ctx, role)).To(Succeed())
		Expect(k8s.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: namespace},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.GetName()},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "prometheus"}},
		})).To(Succeed())
		reader, stranger := token(ctx, namespace, "prometheus"), token(ctx, namespace, "stranger")

		url := "https://" + address + "/metrics"
		Eventually(scrape).WithArguments(url, "").WithContext(ctx).Should(HavePrefix("401 "))
		Expect(scrape(ctx, url, "nonsense")).NotTo(HavePrefix("200 "))
		Expect(scrape(ctx, url, stranger)).To(HavePrefix("403 "))
		Expect(scrape(ctx, url, reader)).To(And(HavePrefix("200 "), ContainSubstring("kubera_controller_build_info")))
	}, SpecTimeout(specTimeout))
})

// token is that of a new ServiceAccount.
func token(ctx context.Context, namespace, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	Expect(k8s.Create(ctx, account)).To(Succeed())
	request := &authenticationv1.TokenRequest{}
	Expect(k8s.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return request.Status.Token
}

// scrape is "STATUS BODY", read with a bearer token, if there is one. The certificate is
// the process' own.
func scrape(ctx context.Context, url, token string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} //nolint:gosec // Who it is is not the matter here.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.Status + " " + string(body), err
}
