# Two pods of each, on nodes of their own, from a mirror, with the rights of a cloud role and Argo Rollouts to scale.
resource "keda_installation" "production" {
  namespace          = "scaling"
  image_registry     = "registry.example.com/mirror/keda-tf"
  image_pull_secrets = ["registry"]

  controller {
    replicas = 2
    resources {
      requests = { cpu = "250m", memory = "256Mi" }
      limits   = { memory = "1Gi" }
    }
    service_account_annotations = {
      "eks.amazonaws.com/role-arn" = "arn:aws:iam::123456789012:role/keda"
    }
    env {
      name = "HTTPS_PROXY"
      secret_key_ref {
        name = "proxy"
        key  = "url"
      }
    }
  }
  metrics_adapter {
    replicas = 2
  }

  scale_target {
    group    = "argoproj.io"
    resource = "rollouts"
  }
  webhook {
    failure_policy = "Fail"
  }
  node_selector       = { "node-role.kubernetes.io/infra" = "" }
  priority_class_name = "system-cluster-critical"
  toleration {
    key      = "node-role.kubernetes.io/infra"
    operator = "Exists"
    effect   = "NoSchedule"
  }
  timeouts {
    create = "10m"
  }
}
