# Several triggers combined into one metric.
resource "keda_scaled_object" "combined" {
  name = "combined"

  scale_target_ref {
    kind = "StatefulSet"
    name = "worker"
  }

  scaling_modifiers {
    formula = "max(jobs, pods * 2)"
    target  = 5
  }

  trigger {
    name = "jobs"
    redis {
      address   = ["redis.default.svc:6379"]
      list_name = "jobs"
    }
  }

  trigger {
    name = "pods"
    kubernetes_workload {
      pod_selector = "app=producer"
      value        = 1
    }
  }
}
