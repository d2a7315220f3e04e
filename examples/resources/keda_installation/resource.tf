# The controller and the metrics adapter, into the namespace keda.
resource "keda_installation" "this" {}

# What uses it names it in depends_on: it is created after it and destroyed before it.
resource "keda_scaled_object" "consumer" {
  name = "consumer"
  scale_target_ref {
    name = "consumer"
  }
  trigger {
    redis {
      address     = ["redis.default:6379"]
      list_name   = "jobs"
      list_length = 5
    }
  }
  depends_on = [keda_installation.this]
}
