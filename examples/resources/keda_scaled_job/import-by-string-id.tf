import {
  to = keda_scaled_job.csv
  id = "default/process-csv"
}
