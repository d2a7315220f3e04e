variable "images" {
  description = "Images of the controller, the metrics adapter and the demo's workload, as `make demo` builds them."
  type = object({
    controller      = string
    metrics_adapter = string
    csvdemo         = string
  })
}

variable "node_selector" {
  description = "Labels of the node that has the shared volume, for clusters of several nodes."
  type        = map(string)
  default     = {}
}
