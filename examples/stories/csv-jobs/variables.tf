variable "images" {
  description = "Images of the controller, the metrics adapter and the workload. The default is what `make demo` builds."
  type = object({
    controller      = string
    metrics_adapter = string
    csvdemo         = string
  })
  default = {
    controller      = "local.test/keda-controller:demo"
    metrics_adapter = "local.test/keda-metrics-adapter:demo"
    csvdemo         = "local.test/csvdemo:demo"
  }
}

variable "node_selector" {
  description = "Labels of the node that has the shared volume, for clusters of several nodes."
  type        = map(string)
  default     = {}
}
