import {
  to = keda_trigger_authentication.sqs
  id = "default/sqs"
}
