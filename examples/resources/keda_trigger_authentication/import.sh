# The ID is namespace/name.
terraform import keda_trigger_authentication.sqs default/sqs
