import {
  to = keda_scaled_object.consumer
  id = "default/consumer"
}
