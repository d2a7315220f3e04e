# The ID is the name.
terraform import keda_cluster_trigger_authentication.aws aws
