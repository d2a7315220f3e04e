import {
  to = keda_scaled_job.csv
  identity = {
    namespace = "default"
    name      = "process-csv"
  }
}
