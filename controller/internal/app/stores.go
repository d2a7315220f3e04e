// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"flag"
	"fmt"
	"net/http"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/reconcile"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// Names of the flags that say where parameters come from.
const (
	flagFileRoot      = "filepath-auth-root-path"
	flagTokenLife     = "bound-service-account-token-expiry"
	flagStoreInterval = "external-secret-refresh-interval"
)

// SourceOptions say where parameters of triggers come from beside Secrets and
// ConfigMaps.
type SourceOptions struct {
	// FileRoot is the folder below which filePath is; empty for none.
	FileRoot string
	// TokenLife is how long a requested ServiceAccount token lives, one to six hours.
	TokenLife time.Duration
	// StoreInterval is how often a source that cannot be watched is read again.
	StoreInterval time.Duration
}

func (o *SourceOptions) bind(fs *flag.FlagSet) {
	fs.StringVar(&o.FileRoot, flagFileRoot, o.FileRoot, "Folder with the files that filePath of ClusterTriggerAuthentications names; empty means none.")
	fs.DurationVar(&o.TokenLife, flagTokenLife, o.TokenLife, "How long a requested ServiceAccount token lives, 1h to 6h.")
	fs.DurationVar(&o.StoreInterval, flagStoreInterval, o.StoreInterval, "How often parameters from secret managers, files and tokens are read again.")
}

func (o *SourceOptions) check() error {
	if o.TokenLife < auth.MinTokenLife || o.TokenLife > auth.MaxTokenLife {
		return fmt.Errorf("--%s (%s): must be from %s to %s", flagTokenLife, o.TokenLife, auth.MinTokenLife, auth.MaxTokenLife)
	}
	if o.StoreInterval < time.Second {
		return fmt.Errorf("--%s (%s): must be at least 1s", flagStoreInterval, o.StoreInterval)
	}
	return nil
}

// keepStores gives the resolver what reads sources that no watch covers, and tells
// their users when one has changed.
func (a *app) keepStores(resolver *auth.Resolver, live client.Client) *reconcile.References {
	references := reconcile.NewReferences()
	problems := reconcile.NewProblems(a.mgr.GetClient(), a.recorder)
	resolver.Tokens, resolver.Transport = live.SubResource("token"), http.DefaultTransport
	resolver.FileRoot, resolver.TokenLife = a.FileRoot, a.TokenLife
	resolver.Report = problems.Report
	resolver.Stores = auth.NewStores(auth.StoreOptions{
		Interval: a.StoreInterval, InUse: references.Used, Changed: references.Changed, Troubled: problems.Tell,
		Clock: clock.RealClock{}, Log: a.Log.WithName("auth"),
	})
	return references
}

// sampled hears of new samples. An object that fails may have parameters that are
// no longer right.
func (a *app) sampled(id sample.Object) {
	a.engine.Changed(id)
	stores := a.deps.References.Stores(id)
	if len(stores) == 0 || !a.poller.Failing(id) {
		return
	}
	for _, store := range stores {
		a.deps.Auth.Stores.Doubt(store)
	}
}
