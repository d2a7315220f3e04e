# Scales the Deployment "consumer" by the length of a queue, and during office
# hours to two replicas at least.
resource "keda_scaled_object" "consumer" {
  name      = "consumer"
  namespace = "default"

  scale_target_ref {
    name = "consumer"
  }

  min_replica_count = 0
  max_replica_count = 20

  trigger {
    aws_sqs_queue {
      queue_url    = "https://sqs.eu-west-3.amazonaws.com/123456789012/jobs"
      aws_region   = "eu-west-3"
      queue_length = 5
    }
    authentication_ref {
      name = keda_trigger_authentication.aws.name
    }
  }

  trigger {
    cron {
      timezone         = "Europe/Paris"
      start            = "0 8 * * 1-5"
      end              = "0 18 * * 1-5"
      desired_replicas = 2
    }
  }

  # If the queue cannot be read three times in a row, run six replicas.
  fallback {
    failure_threshold = 3
    replicas          = 6
  }

  horizontal_pod_autoscaler {
    behavior {
      scale_down {
        stabilization_window_seconds = 60
        policy {
          type           = "Percent"
          value          = 50
          period_seconds = 15
        }
      }
    }
  }
}

resource "keda_trigger_authentication" "aws" {
  name = "aws"
  pod_identity {
    provider = "aws"
  }
}
