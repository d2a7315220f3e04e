# The ID is namespace/name.
terraform import keda_scaled_object.consumer default/consumer
