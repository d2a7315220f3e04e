# Story 2: a web service scales with its requests per second, as Prometheus counts them.
#
# One apply on a cluster without KEDA installs the controller and the metrics adapter and declares what scales; nothing has
# to be commented out for a first apply. What is scaled, and the Prometheus that watches it, is in workloads.yaml.

terraform {
  required_providers {
    keda = {
      source = "keda-tf/keda"
    }
  }
}

# Reads KUBE_CONFIG_PATH and KUBE_CTX, like hashicorp/kubernetes.
provider "keda" {}

resource "keda_installation" "this" {
  count = var.install ? 1 : 0

  namespace        = "keda"
  create_namespace = true
  # Destroying this example leaves nothing behind. Everywhere else keep the default: deleting the CRDs deletes all
  # objects of these kinds.
  delete_crds = true

  controller {
    image = var.images.controller

    dynamic "env" {
      for_each = var.controller_env
      content {
        name  = env.key
        value = env.value
      }
    }
  }
  metrics_adapter {
    image = var.images.metrics_adapter
  }
}

resource "keda_scaled_object" "web" {
  name      = "web"
  namespace = "web-demo"

  scale_target_ref {
    name = "web"
  }
  min_replica_count = 1
  max_replica_count = 5

  # An HPA keeps the highest of what it wanted in the last five minutes, so that a short lull does not cost replicas. Here
  # the load ends for good and somebody is watching, so what it wants is done at once.
  horizontal_pod_autoscaler {
    behavior {
      scale_down {
        stabilization_window_seconds = 0
      }
    }
  }

  trigger {
    prometheus {
      server_address = "http://prometheus.web-demo.svc:9090"
      query          = "sum(irate(http_requests_total[1m]))"
      threshold      = 100
    }
  }

  depends_on = [keda_installation.this]
}

output "external_metrics" {
  description = "Where the HPA reads; ask it yourself with kubectl get --raw."
  value       = "/apis/external.metrics.k8s.io/v1beta1/namespaces/web-demo/s0-prometheus?labelSelector=scaledobject.keda.sh%2Fname%3Dweb"
}
