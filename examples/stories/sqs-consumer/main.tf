# Story 3: consumers of SQS queues, one pod for each five messages and none when there are none.
#
# Two queues, two ways to their length: with an access key from a Secret, and with the identity of the controller's pod,
# which is how it is done on EKS (see ../eks-sqs). An SQS server of the project's own stands in for AWS.

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


# An access key, from a Secret that Terraform need not know.
resource "keda_trigger_authentication" "key" {
  name      = "aws-key"
  namespace = "sqs-demo"

  secret_target_ref {
    parameter = "awsAccessKeyID"
    name      = "aws-credentials"
    key       = "AWS_ACCESS_KEY_ID"
  }
  secret_target_ref {
    parameter = "awsSecretAccessKey"
    name      = "aws-credentials"
    key       = "AWS_SECRET_ACCESS_KEY"
  }

  depends_on = [keda_installation.this]
}

# No secret at all: the controller shows AWS the token that Kubernetes gave it, and assumes the role of its pod.
resource "keda_trigger_authentication" "pod" {
  name      = "aws-pod"
  namespace = "sqs-demo"

  pod_identity {
    provider = "aws"
  }

  depends_on = [keda_installation.this]
}

resource "keda_scaled_object" "consumer" {
  for_each = {
    orders  = keda_trigger_authentication.key.name
    reports = keda_trigger_authentication.pod.name
  }

  name      = "${each.key}-consumer"
  namespace = "sqs-demo"

  scale_target_ref {
    name = "${each.key}-consumer"
  }
  polling_interval  = 5
  cooldown_period   = 10
  min_replica_count = 0
  max_replica_count = 10

  trigger {
    aws_sqs_queue {
      queue_url    = each.key
      aws_region   = "eu-west-3"
      aws_endpoint = "http://aws.sqs-demo.svc:9324"
      queue_length = 5
    }
    authentication_ref {
      name = each.value
    }
  }
}
