import {
  to = keda_cluster_trigger_authentication.aws
  id = "aws"
}
