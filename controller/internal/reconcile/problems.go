// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

// Problems tells about authentications whose sources cannot be read, by an event of
// the authentication, once for each problem and not once for each reading.
type Problems struct {
	reader client.Reader
	events events.EventRecorder

	mu   sync.Mutex
	told map[auth.Reference]map[string]notice // the present problem by user
}

// notice is a problem that a user had.
type notice struct {
	problem string
	at      time.Time // when the user had it last
}

// abandoned is how long after it was reported last a problem is taken to have gone
// with its user, who otherwise looks again every mistakeRetry.
const abandoned = 10 * mistakeRetry

// NewProblems returns Problems that are told by recorder. reader has the
// authentications.
func NewProblems(reader client.Reader, recorder events.EventRecorder) *Problems {
	return &Problems{reader: reader, events: recorder, told: map[auth.Reference]map[string]notice{}}
}

// Report notes what a user's reading of an authentication came to; nil is no
// problem.
func (p *Problems) Report(authentication auth.Reference, user string, problem error) {
	if p.note(authentication, user, problem) {
		p.Tell(authentication, problem)
	}
}

// note says whether a problem is new.
func (p *Problems) note(authentication auth.Reference, user string, problem error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	users := p.told[authentication]
	if problem == nil {
		delete(users, user)
		if len(users) == 0 {
			delete(p.told, authentication)
		}
		return false
	}
	if users == nil {
		users = map[string]notice{}
		p.told[authentication] = users
	}
	now := time.Now()
	for _, n := range users {
		if n.problem == problem.Error() && now.Sub(n.at) < abandoned {
			users[user] = notice{n.problem, now}
			return false
		}
	}
	maps.DeleteFunc(users, func(_ string, n notice) bool { return now.Sub(n.at) >= abandoned })
	users[user] = notice{problem.Error(), now}
	return true
}

// Tell makes an event of a problem; nil makes none.
func (p *Problems) Tell(authentication auth.Reference, problem error) {
	if problem == nil {
		return
	}
	var object client.Object = &v1alpha1.TriggerAuthentication{}
	reason := v1alpha1.EventTriggerAuthenticationFailed
	if authentication.Kind == v1alpha1.KindClusterTriggerAuthentication {
		object, reason = &v1alpha1.ClusterTriggerAuthentication{}, v1alpha1.EventClusterTriggerAuthenticationFailed
	}
	key := client.ObjectKey{Namespace: authentication.Namespace, Name: authentication.Name}
	if err := p.reader.Get(context.Background(), key, object); err != nil {
		return // gone, and its users say so
	}
	report.Tell(p.events, object, report.Warning(reason, problem.Error()))
}
