import {
  to = keda_trigger_authentication.sqs
  identity = {
    namespace = "default"
    name      = "sqs"
  }
}
