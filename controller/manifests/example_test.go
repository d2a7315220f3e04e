// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

func ExampleRender() {
	phases, err := manifests.Render(manifests.Options{Version: "1.2.3", ImageRegistry: "mirror.example.com/keda"})
	if err != nil {
		panic(err)
	}
	for _, phase := range phases {
		last := phase.Objects[len(phase.Objects)-1]
		fmt.Printf("%-15s %2d objects, the last: %s %s\n", phase.Name, len(phase.Objects), last.GetKind(), last.GetName())
	}
	// Output:
	// crds             6 objects, the last: CustomResourceDefinition triggerauthentications.keda.sh
	// rbac            14 objects, the last: ClusterRole keda:view
	// controller       3 objects, the last: Deployment keda-operator
	// metrics-adapter  2 objects, the last: Deployment keda-metrics-apiserver
	// apiservice       1 objects, the last: APIService v1beta1.external.metrics.k8s.io
	// webhook          1 objects, the last: ValidatingWebhookConfiguration keda-admission
}
