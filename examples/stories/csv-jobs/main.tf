# Story 1: CSV files are processed by Jobs, and the reports that they produce are published by a Deployment.
#
# One apply on a cluster without KEDA installs the controller and the metrics adapter, and declares what scales.
# What is scaled (Redis, the consumer, the volume) is in workloads.yaml: apply that first. `make demo` does both.

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
  namespace        = "keda"
  create_namespace = true
  # Destroying this example leaves nothing behind. Everywhere else keep the default: deleting the CRDs deletes all
  # objects of these kinds.
  delete_crds = true

  controller {
    image = var.images.controller
  }
  metrics_adapter {
    image = var.images.metrics_adapter
  }
}

# Jobs: each takes a batch of files from the list and ends. Every 10 s the controller looks how many batches wait, and
# starts as many Jobs, never having more than 5 at a time.
resource "keda_scaled_job" "csv_processor" {
  name      = "csv-processor"
  namespace = "csv-demo"

  polling_interval  = 10
  max_replica_count = 5

  trigger {
    redis {
      address     = ["redis.csv-demo.svc:6379"]
      list_name   = "csvs-to-process"
      list_length = local.batch
    }
  }

  job_template = {
    backoffLimit = 2
    template = {
      spec = {
        restartPolicy   = "Never"
        nodeSelector    = var.node_selector
        securityContext = { runAsNonRoot = true, runAsUser = 65532, fsGroup = 65532 }
        containers = [{
          name            = "processor"
          image           = var.images.csvdemo
          imagePullPolicy = "IfNotPresent"
          args            = ["process", "-files=${local.batch}", "-work=400ms"]
          # A pod that replaces a crashed one of the same Job takes over what that one had in hand.
          env = [{
            name      = "WORKER"
            valueFrom = { fieldRef = { fieldPath = "metadata.labels['batch.kubernetes.io/job-name']" } }
          }]
          resources    = { requests = { cpu = "10m", memory = "16Mi" }, limits = { memory = "64Mi" } }
          volumeMounts = [{ name = "sales", mountPath = "/data" }]
        }]
        volumes = [{ name = "sales", persistentVolumeClaim = { claimName = "sales" } }]
      }
    }
  }

  depends_on = [keda_installation.this]
}

# A Deployment: one replica for each 5 reports that wait, none when there are none.
resource "keda_scaled_object" "consumer" {
  name      = "report-consumer"
  namespace = "csv-demo"

  scale_target_ref {
    name = "report-consumer"
  }
  polling_interval  = 5
  cooldown_period   = 10
  min_replica_count = 0
  max_replica_count = 10

  # Kubernetes waits five minutes before it scales down, which is long for a demonstration.
  horizontal_pod_autoscaler {
    behavior {
      scale_down {
        stabilization_window_seconds = 5
      }
    }
  }

  trigger {
    redis {
      address     = ["redis.csv-demo.svc:6379"]
      list_name   = "reports-to-publish"
      list_length = 5
    }
  }

  depends_on = [keda_installation.this]
}

locals {
  batch = 12 # files that one Job processes
}
