// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import "github.com/keda-tf/terraform-provider-keda/controller/internal/sample"

// Failing says whether the last sample of any query of an object is an error.
func (p *Poller) Failing(id sample.Object) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects[id]
	if o == nil {
		return false
	}
	for _, q := range o.queries {
		if q.sample.Err != nil {
			return true
		}
	}
	return false
}
