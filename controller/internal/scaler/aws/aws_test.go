// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

const (
	roleARN    = "arn:aws:iam::000000000000:role/reader"
	otherARN   = "arn:aws:iam::000000000000:role/writer"
	webToken   = "projected-token"
	secretText = "very-secret"
)

// cloud is SQS and STS with one access key.
type cloud struct {
	queues   *sqs.Server
	tokens   *sts.Server
	keys     *sigv4.Keys
	endpoint string
}

// start runs the fakes and keeps the SDK from looking for credentials anywhere
// but where the test puts them.
func start(t *testing.T) cloud {
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: secretText})
	c := cloud{queues: sqs.New(keys), tokens: sts.New(keys), keys: keys}
	queues, tokens := httptest.NewServer(c.queues), httptest.NewServer(c.tokens)
	t.Cleanup(queues.Close)
	t.Cleanup(tokens.Close)
	c.endpoint = queues.URL
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_STS": tokens.URL, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": "",
	} {
		t.Setenv(name, value)
	}
	return c
}

// own gives the controller itself the access key.
func (c cloud) own(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretText)
}

// web gives the controller a web identity, as EKS does, with a role of its own.
func (c cloud) web(t *testing.T, ownRole string) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(webToken), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	t.Setenv("AWS_ROLE_ARN", ownRole)
	c.tokens.AllowToken(webToken, ownRole)
}

func (c cloud) queue(auth trigger.AWSAuth) *trigger.AWSSQSQueue {
	auth.Region = "eu-west-3"
	return &trigger.AWSSQSQueue{AWSAuth: auth, QueueURL: c.endpoint + "/000000000000/orders", Endpoint: c.endpoint, ScaleOnInFlight: true}
}

var static = trigger.AWSAuth{AccessKeyID: "AKID", SecretAccessKey: secretText, IdentityOwner: "pod"}

func open(t *testing.T, q *trigger.AWSSQSQueue, pod *v1alpha1.AuthPodIdentity) (scaler.Source, scaler.Query) {
	t.Helper()
	b, err := aws.Bind(trigger.Decoded{Type: "aws-sqs-queue", Trigger: q, Fingerprint: "f"}, scaler.Env{PodIdentity: pod})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, b.Query
}

func read(t *testing.T, s scaler.Source, q scaler.Query) (float64, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r := s.Read(ctx, []scaler.Query{q})[0]
	if r.Err != nil {
		return 0, r.Err
	}
	return r.Readings[0].Value, nil
}

func want(t *testing.T, s scaler.Source, q scaler.Query, value float64) {
	t.Helper()
	if got, err := read(t, s, q); err != nil || got != value {
		t.Errorf("got %v, %v; want %v", got, err, value)
	}
}

func TestStatesOfMessages(t *testing.T) {
	c := start(t)
	c.queues.Send("orders", "a", "b", "c")
	c.queues.Hide("orders", 1)
	c.queues.Delay("orders", "late", "later")
	for name, test := range map[string]struct {
		inFlight, delayed bool
		value             float64
	}{
		"visible":   {false, false, 2},
		"in flight": {true, false, 3},
		"delayed":   {false, true, 4},
		"all":       {true, true, 5},
	} {
		t.Run(name, func(t *testing.T) {
			q := c.queue(static)
			q.ScaleOnInFlight, q.ScaleOnDelayed = test.inFlight, test.delayed
			s, query := open(t, q, nil)
			want(t, s, query, test.value)
		})
	}
}

func TestQueueByNameIsLookedUpOnce(t *testing.T) {
	start(t).byName(t)
}

// byName reads a queue by its name three times, which is to cost one look-up.
func (c cloud) byName(t *testing.T) (scaler.Source, scaler.Query) {
	t.Helper()
	c.queues.Send("orders", "a")
	q := c.queue(static)
	q.QueueURL = "orders"
	s, query := open(t, q, nil)
	for range 3 {
		want(t, s, query, 1)
	}
	if n := c.queues.Calls("GetQueueUrl"); n != 1 {
		t.Errorf("%d look-ups, want 1", n)
	}
	return s, query
}

// TestQueueByNameWithoutPermissionToLookItUp: a policy made for KEDA allows
// sqs:GetQueueAttributes only.
func TestQueueByNameWithoutPermissionToLookItUp(t *testing.T) {
	c := start(t)
	c.queues.Deny("GetQueueUrl")
	s, query := c.byName(t)
	c.queues.Deny("GetQueueAttributes")
	if _, err := read(t, s, query); scaler.Classify(err) != scaler.ClassMisconfigured || !strings.Contains(err.Error(), "SQS GetQueueAttributes: AccessDenied") {
		t.Errorf("without any permission: %v (%s)", err, scaler.Classify(err))
	}
}

// TestIdentities measures a queue as everybody whom a trigger and its
// TriggerAuthentication may name.
//
// Covers: field TriggerAuthentication.spec.podIdentity.provider; field TriggerAuthentication.spec.podIdentity.roleArn; field TriggerAuthentication.spec.podIdentity.externalID
func TestIdentities(t *testing.T) {
	pod := &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws}
	tests := map[string]struct {
		auth  trigger.AWSAuth
		pod   *v1alpha1.AuthPodIdentity
		setup func(*testing.T, cloud)
	}{
		"key": {auth: static},
		"temporary key": {
			auth:  trigger.AWSAuth{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "session"},
			setup: func(_ *testing.T, c cloud) { c.keys.Add("ASIA", sigv4.Key{Secret: "s", Token: "session"}) },
		},
		"operator's environment": {
			auth: trigger.AWSAuth{IdentityOwner: "operator"}, setup: func(t *testing.T, c cloud) { c.own(t) },
		},
		"operator's web identity": {
			auth: trigger.AWSAuth{IdentityOwner: "operator"}, setup: func(t *testing.T, c cloud) { c.web(t, otherARN) },
		},
		"pod identity of the controller": {pod: pod, setup: func(t *testing.T, c cloud) { c.web(t, otherARN) }},
		"role by web identity": {
			auth: trigger.AWSAuth{RoleARN: roleARN}, pod: pod, setup: func(t *testing.T, c cloud) { c.web(t, roleARN) },
		},
		"role by chaining": { // the web identity may not assume it, the controller's own role may
			auth: trigger.AWSAuth{RoleARN: roleARN}, pod: pod,
			setup: func(t *testing.T, c cloud) { c.web(t, otherARN); c.tokens.AllowRole(roleARN, "") },
		},
		"role with an external ID": {
			pod:   &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: ptr(roleARN), ExternalID: ptr("tenant")},
			setup: func(t *testing.T, c cloud) { c.own(t); c.tokens.AllowRole(roleARN, "tenant") },
		},
		"role of the TriggerAuthentication": {
			pod:   &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: ptr(roleARN)},
			setup: func(t *testing.T, c cloud) { c.web(t, roleARN) },
		},
		"role of the TriggerAuthentication before that of the parameter": {
			auth:  trigger.AWSAuth{RoleARN: otherARN},
			pod:   &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: ptr(roleARN)},
			setup: func(t *testing.T, c cloud) { c.web(t, roleARN) },
		},
		"pod identity beside half a key": {
			auth: trigger.AWSAuth{AccessKeyID: "stale"}, pod: pod, setup: func(t *testing.T, c cloud) { c.web(t, otherARN) },
		},
		"operator beside half a key": {
			auth: trigger.AWSAuth{IdentityOwner: "operator", SecretAccessKey: "stale"}, setup: func(t *testing.T, c cloud) { c.own(t) },
		},
		"operator with a role": {
			auth:  trigger.AWSAuth{IdentityOwner: "operator", RoleARN: roleARN},
			setup: func(t *testing.T, c cloud) { c.own(t); c.tokens.AllowRole(roleARN, "") },
		},
		"older provider aws-eks": {
			pod:   &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAwsEKS, RoleArn: ptr(roleARN)},
			setup: func(t *testing.T, c cloud) { c.web(t, roleARN) },
		},
		"older provider aws-eks without a role beside operator": {
			auth: trigger.AWSAuth{IdentityOwner: "operator"}, pod: &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAwsEKS},
			setup: func(t *testing.T, c cloud) { c.own(t) },
		},
		"older provider aws-eks without a role beside a key": {
			auth: static, pod: &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAwsEKS},
		},
		"role without a pod identity": {
			auth:  trigger.AWSAuth{RoleARN: roleARN},
			setup: func(t *testing.T, c cloud) { c.own(t); c.tokens.AllowRole(roleARN, "") },
		},
		"role beside a key": {
			auth:  trigger.AWSAuth{RoleARN: roleARN, AccessKeyID: "stale", SecretAccessKey: "stale"},
			setup: func(t *testing.T, c cloud) { c.own(t); c.tokens.AllowRole(roleARN, "") },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			c.queues.Send("orders", "a", "b")
			if test.setup != nil {
				test.setup(t, c)
			}
			s, query := open(t, c.queue(test.auth), test.pod)
			want(t, s, query, 2)
		})
	}
}

// TestRoleIsAssumedOnceForAllConnections opens the same identity for two endpoints.
func TestRoleIsAssumedOnceForAllConnections(t *testing.T) {
	c := start(t)
	c.web(t, roleARN)
	c.queues.Send("orders", "a")
	second := httptest.NewServer(c.queues)
	t.Cleanup(second.Close)
	pod := &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: ptr(roleARN)}
	for _, endpoint := range []string{c.endpoint, second.URL} {
		q := c.queue(trigger.AWSAuth{})
		q.Endpoint, q.QueueURL = endpoint, endpoint+"/000000000000/orders"
		s, query := open(t, q, pod)
		want(t, s, query, 1)
	}
	if n := c.tokens.Calls("AssumeRoleWithWebIdentity"); n != 1 {
		t.Errorf("the role was assumed %d times, want 1", n)
	}
}

func ptr(s string) *string { return &s }

func TestRefusals(t *testing.T) {
	c := start(t)
	c.queues.Send("orders", "a")
	c.own(t)

	wrong := static
	wrong.SecretAccessKey = "wrong-secret"
	s, query := open(t, c.queue(wrong), nil)
	_, err := read(t, s, query)
	if scaler.Classify(err) != scaler.ClassMisconfigured || !strings.Contains(err.Error(), "SignatureDoesNotMatch") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("a wrong key gives %v (%s)", err, scaler.Classify(err))
	}

	for _, auth := range []trigger.AWSAuth{{RoleARN: roleARN}, {RoleARN: roleARN, IdentityOwner: "operator"}} {
		s, query = open(t, c.queue(auth), nil)
		_, err = read(t, s, query)
		if scaler.Classify(err) != scaler.ClassMisconfigured || !strings.Contains(err.Error(), "assuming role "+roleARN) || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("a role that may not be assumed gives %v (%s)", err, scaler.Classify(err))
		}
	}

	missing := c.queue(static)
	missing.QueueURL = "absent"
	s, query = open(t, missing, nil)
	_, err = read(t, s, query)
	if scaler.Classify(err) != scaler.ClassMisconfigured || !strings.Contains(err.Error(), `queue "absent" of SQS in eu-west-3`) {
		t.Errorf("a missing queue gives %v (%s)", err, scaler.Classify(err))
	}

	c.queues.Throttle(true)
	s, query = open(t, c.queue(static), nil)
	if _, err = read(t, s, query); scaler.Classify(err) != scaler.ClassThrottled {
		t.Errorf("throttling gives %v (%s)", err, scaler.Classify(err))
	}
}

func TestBindAsksForCredentials(t *testing.T) {
	c := start(t)
	q := c.queue(trigger.AWSAuth{IdentityOwner: "pod"})
	_, err := aws.Bind(trigger.Decoded{Type: "aws-sqs-queue", Trigger: q}, scaler.Env{})
	if err == nil || !strings.Contains(err.Error(), "podIdentity") {
		t.Errorf("without credentials: %v", err)
	}
	_, err = aws.Bind(trigger.Decoded{Type: "aws-sqs-queue", Trigger: q}, scaler.Env{PodIdentity: &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAwsEKS}})
	if err == nil || !strings.Contains(err.Error(), "there are no AWS credentials") {
		t.Errorf("with a workload that has no role: %v", err)
	}
	for name, half := range map[string]trigger.AWSAuth{"ID": {AccessKeyID: "AKID"}, "secret": {SecretAccessKey: secretText}} {
		_, err := aws.Bind(trigger.Decoded{Type: "aws-sqs-queue", Trigger: c.queue(half)}, scaler.Env{})
		if err == nil || !strings.Contains(err.Error(), "half of an AWS access key") || strings.Contains(err.Error(), secretText) {
			t.Errorf("with the %s of a key alone: %v", name, err)
		}
	}
}

func TestServersDifferByWhatTheConnectionDependsOn(t *testing.T) {
	c := start(t)
	servers := map[string]string{}
	for name, change := range map[string]func(*trigger.AWSSQSQueue){
		"same":     func(*trigger.AWSSQSQueue) {},
		"region":   func(q *trigger.AWSSQSQueue) { q.Region = "eu-west-1" },
		"endpoint": func(q *trigger.AWSSQSQueue) { q.Endpoint = "" },
		"key":      func(q *trigger.AWSSQSQueue) { q.SecretAccessKey = "other" },
		"role":     func(q *trigger.AWSSQSQueue) { q.RoleARN = roleARN },
	} {
		q := c.queue(static)
		change(q)
		b, err := aws.Bind(trigger.Decoded{Type: "aws-sqs-queue", Trigger: q}, scaler.Env{})
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := servers[b.Server]; ok {
			t.Errorf("%s and %s share the connection %q", name, other, b.Server)
		}
		if strings.Contains(b.Server, secretText) {
			t.Errorf("server %q shows the secret", b.Server)
		}
		servers[b.Server] = name
	}
	again := c.queue(static)
	again.QueueURL = "another"
	if b, err := aws.Bind(trigger.Decoded{Type: "aws-sqs-queue", Trigger: again}, scaler.Env{}); err != nil || servers[b.Server] != "same" {
		t.Errorf("another queue has the connection %q, %v", b.Server, err)
	}
}
