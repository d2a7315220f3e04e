# Everything in one run on Amazon EKS: the cluster, an SQS queue, the roles, the installation, a consumer, and what scales
# it. No access key anywhere: pods show AWS the tokens that Kubernetes gives them (IAM roles for service accounts).

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.81"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = ">= 2.30"
    }
    keda = {
      source = "keda-tf/keda"
    }
  }
}

provider "aws" {
  region = var.region
}

# The cluster does not exist while the first plan is made; that needs none.
provider "kubernetes" {
  host                   = aws_eks_cluster.this.endpoint
  cluster_ca_certificate = base64decode(aws_eks_cluster.this.certificate_authority[0].data)

  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = "aws"
    args        = ["eks", "get-token", "--region", var.region, "--cluster-name", aws_eks_cluster.this.name]
  }
}

provider "keda" {
  host                   = aws_eks_cluster.this.endpoint
  cluster_ca_certificate = base64decode(aws_eks_cluster.this.certificate_authority[0].data)

  exec {
    api_version = "client.authentication.k8s.io/v1beta1"
    command     = "aws"
    args        = ["eks", "get-token", "--region", var.region, "--cluster-name", aws_eks_cluster.this.name]
  }
}

resource "aws_sqs_queue" "jobs" {
  name                       = "${var.name}-jobs"
  visibility_timeout_seconds = 300
}

locals {
  issuer = replace(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://", "")

  # What each ServiceAccount may do with the queue.
  accounts = {
    "keda/keda-operator" = ["sqs:GetQueueAttributes"]
    "default/consumer"   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
  }
}

resource "aws_iam_role" "account" {
  for_each = local.accounts

  name = "${var.name}-${replace(each.key, "/", "-")}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.cluster.arn }
      Condition = { StringEquals = {
        "${local.issuer}:sub" = "system:serviceaccount:${replace(each.key, "/", ":")}"
        "${local.issuer}:aud" = "sts.amazonaws.com"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "queue" {
  for_each = local.accounts

  name = "queue"
  role = aws_iam_role.account[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = each.value
      Resource = aws_sqs_queue.jobs.arn
    }]
  })
}

resource "keda_installation" "this" {
  namespace = "keda"

  controller {
    # EKS gives pods of an account with this annotation a token and the variables that name it.
    service_account_annotations = {
      "eks.amazonaws.com/role-arn" = aws_iam_role.account["keda/keda-operator"].arn
    }
  }

  depends_on = [aws_eks_node_group.this, aws_iam_role_policy.queue]
}

resource "kubernetes_service_account_v1" "consumer" {
  metadata {
    name      = "consumer"
    namespace = "default"
    annotations = {
      "eks.amazonaws.com/role-arn" = aws_iam_role.account["default/consumer"].arn
    }
  }

  depends_on = [aws_eks_node_group.this]
}

resource "kubernetes_deployment_v1" "consumer" {
  metadata {
    name      = "consumer"
    namespace = "default"
  }

  spec {
    replicas = 0

    selector {
      match_labels = { app = "consumer" }
    }
    template {
      metadata {
        labels = { app = "consumer" }
      }
      spec {
        service_account_name = kubernetes_service_account_v1.consumer.metadata[0].name

        container {
          name  = "consumer"
          image = var.consumer_image

          env {
            name  = "QUEUE_URL"
            value = aws_sqs_queue.jobs.url
          }
        }
      }
    }
  }

  # The number of replicas belongs to the autoscaler.
  lifecycle {
    ignore_changes = [spec[0].replicas]
  }
}

resource "keda_trigger_authentication" "aws" {
  name      = "aws"
  namespace = "default"

  pod_identity {
    provider = "aws"
  }

  depends_on = [keda_installation.this]
}

resource "keda_scaled_object" "consumer" {
  name      = "consumer"
  namespace = "default"

  scale_target_ref {
    name = kubernetes_deployment_v1.consumer.metadata[0].name
  }
  min_replica_count = 0
  max_replica_count = 20

  trigger {
    aws_sqs_queue {
      queue_url    = aws_sqs_queue.jobs.url
      aws_region   = var.region
      queue_length = 5
    }
    authentication_ref {
      name = keda_trigger_authentication.aws.name
    }
  }
}

output "queue_url" {
  description = "Send messages here: aws sqs send-message --queue-url URL --message-body hello"
  value       = aws_sqs_queue.jobs.url
}
