import {
  to = keda_cluster_trigger_authentication.aws
  identity = {
    name = "aws"
  }
}
