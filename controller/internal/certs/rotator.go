// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// eagerInterval is the pace while something is missing: during an
	// installation every second counts.
	eagerInterval = time.Second
	// steadyInterval is the pace afterwards. It bounds how long an authority that
	// somebody else overwrote stays wrong.
	steadyInterval = 30 * time.Second
	// eagerFor is how long a missing APIService or webhook is looked for eagerly;
	// an installation may not want it at all.
	eagerFor = 5 * time.Minute
)

// Options configure a Rotator.
type Options struct {
	// Client reads and writes without a cache.
	Client client.Client
	// Secret names the Secret of certificates.
	Secret client.ObjectKey
	// Names are what the certificate shall be valid for; see DNSNames.
	Names []string
	// APIService is told to trust the authority; empty leaves APIServices alone.
	APIService string
	// Webhook names the ValidatingWebhookConfiguration that is told to trust the
	// authority; empty leaves webhooks alone.
	Webhook string
	// Keeper, if set, takes up new certificates at once.
	Keeper *Keeper
	// Clock decides what is due; nil means the real one.
	Clock clock.PassiveClock
}

// Rotator keeps the certificates in being. Only the leader runs one.
type Rotator struct {
	opts Options
}

// NewRotator returns a Rotator. It fails when an option is missing.
func NewRotator(opts Options) (*Rotator, error) {
	if opts.Client == nil || opts.Secret.Name == "" || opts.Secret.Namespace == "" || len(opts.Names) == 0 {
		return nil, errors.New("certificate rotation: Client, Secret and Names are required")
	}
	if opts.Clock == nil {
		opts.Clock = clock.RealClock{}
	}
	return &Rotator{opts: opts}, nil
}

// Run ensures the certificates again and again until ctx ends, and then returns
// nil. Errors are logged and tried again.
func (r *Rotator) Run(ctx context.Context) error {
	started := r.opts.Clock.Now()
	for {
		complete, err := r.Ensure(ctx)
		if err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Certificates are not in order; trying again")
		}
		interval := steadyInterval
		if err != nil || (!complete && r.opts.Clock.Since(started) < eagerFor) {
			interval = eagerInterval
		}
		if !sleep(ctx, interval) {
			return nil
		}
	}
}

// Ensure makes and announces what is due. complete is false while the APIService
// or the webhook does not exist, which is not an error.
func (r *Rotator) Ensure(ctx context.Context) (complete bool, err error) {
	bundle, err := r.ensureSecret(ctx)
	if err != nil {
		return false, err
	}
	if r.opts.Keeper != nil {
		if err := r.opts.Keeper.Load(bundle); err != nil {
			return false, err
		}
	}
	complete = true
	for _, t := range r.targets() {
		found, targetErr := t.trust(ctx, r.opts.Client, bundle.CA)
		complete = complete && found
		err = errors.Join(err, targetErr)
	}
	return complete, err
}

// ensureSecret returns the certificates, renewed if they were due.
func (r *Rotator) ensureSecret(ctx context.Context) (Bundle, error) {
	var secret corev1.Secret
	err := r.opts.Client.Get(ctx, r.opts.Secret, &secret)
	absent := apierrors.IsNotFound(err)
	if err != nil && !absent {
		return Bundle{}, fmt.Errorf("read Secret %s: %w", r.opts.Secret, err)
	}
	now := r.opts.Clock.Now()
	bundle := FromSecret(secret.Data)
	need := Assess(now, bundle, r.opts.Names)
	if !need.Authority && !need.Leaf {
		return bundle, nil
	}
	if bundle, err = Renew(now, bundle, r.opts.Names, need); err != nil {
		return Bundle{}, err
	}
	if err := r.write(ctx, &secret, absent, bundle); err != nil {
		return Bundle{}, fmt.Errorf("write Secret %s: %w", r.opts.Secret, err)
	}
	log.FromContext(ctx).Info("Renewed certificates", "secret", r.opts.Secret, "reason", need.Why,
		"newAuthority", need.Authority, "newCertificate", need.Leaf)
	return bundle, nil
}

// write stores the bundle. The resource version of the Secret that was read
// makes a second writer fail, and look again.
func (r *Rotator) write(ctx context.Context, secret *corev1.Secret, absent bool, bundle Bundle) error {
	if absent {
		return r.opts.Client.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Name: r.opts.Secret.Name, Namespace: r.opts.Secret.Namespace,
				Labels: map[string]string{"app.kubernetes.io/managed-by": "keda-operator", "app.kubernetes.io/part-of": "keda"},
			},
			Data: bundle.Data(),
		})
	}
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	for name, value := range bundle.Data() {
		secret.Data[name] = value
	}
	return r.opts.Client.Update(ctx, secret)
}
