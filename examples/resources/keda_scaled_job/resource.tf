# Starts at most five Jobs for the elements of a Redis list.
resource "keda_scaled_job" "csv" {
  name      = "process-csv"
  namespace = "default"

  polling_interval  = 10
  max_replica_count = 5

  # The spec of the Jobs, as Kubernetes spells it.
  job_template = {
    backoffLimit = 4
    template = {
      spec = {
        restartPolicy = "Never"
        containers = [{
          name  = "processor"
          image = "registry.example.com/csv-processor:1.0.0"
          env   = [{ name = "LIST", value = "csvs-to-process" }]
        }]
      }
    }
  }

  rollout {
    strategy = "gradual"
  }

  trigger {
    redis {
      address     = ["redis.default.svc:6379"]
      list_name   = "csvs-to-process"
      list_length = 1
    }
  }
}
