import {
  to = keda_scaled_object.consumer
  identity = {
    namespace = "default"
    name      = "consumer"
  }
}
