# The identity of the controller, for the triggers of all namespaces.
resource "keda_cluster_trigger_authentication" "aws" {
  name = "aws"

  pod_identity {
    provider = "aws"
    role_arn = "arn:aws:iam::123456789012:role/keda"
  }
}

resource "keda_scaled_object" "consumer" {
  name = "consumer"

  scale_target_ref {
    name = "consumer"
  }

  trigger {
    aws_sqs_queue {
      queue_url  = "https://sqs.eu-west-3.amazonaws.com/123456789012/jobs"
      aws_region = "eu-west-3"
    }
    authentication_ref {
      kind = "ClusterTriggerAuthentication"
      name = keda_cluster_trigger_authentication.aws.name
    }
  }
}
