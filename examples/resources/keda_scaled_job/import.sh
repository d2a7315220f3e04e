# The ID is namespace/name.
terraform import keda_scaled_job.csv default/process-csv
