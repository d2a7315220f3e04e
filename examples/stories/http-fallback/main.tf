# Story 4: a number that a web service tells decides on replicas; a fallback stands in when the service dies, and a pause
# holds everything still.

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


# The service wants to see a key. It comes from a Secret that Terraform need not know.
resource "keda_trigger_authentication" "source" {
  name      = "source"
  namespace = "fallback-demo"

  secret_target_ref {
    parameter = "apiKey"
    name      = "source"
    key       = "API_KEY"
  }

  depends_on = [keda_installation.this]
}

resource "keda_scaled_object" "worker" {
  name      = "worker"
  namespace = "fallback-demo"

  scale_target_ref {
    name = "worker"
  }
  polling_interval  = 3
  min_replica_count = 1
  max_replica_count = 10
  paused_replicas   = var.paused_replicas

  # More than two failures in a row: five replicas, until the number can be read again.
  fallback {
    failure_threshold = 2
    replicas          = 5
  }

  # Kubernetes waits five minutes before it scales down, which is long for a demonstration.
  horizontal_pod_autoscaler {
    behavior {
      scale_down {
        stabilization_window_seconds = 0
      }
    }
  }

  trigger {
    metrics_api {
      url            = "http://source.fallback-demo.svc:8080/value"
      value_location = "value"
      target_value   = 10
      auth_modes     = ["apiKey"]
    }
    authentication_ref {
      name = keda_trigger_authentication.source.name
    }
  }
}
