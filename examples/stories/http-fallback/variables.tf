variable "images" {
  description = "Images of the controller and the metrics adapter. The default is what `make demo` builds."
  type = object({
    controller      = string
    metrics_adapter = string
  })
  default = {
    controller      = "local.test/keda-controller:demo"
    metrics_adapter = "local.test/keda-metrics-adapter:demo"
  }
}

variable "install" {
  description = "Whether to install the controller. A cluster has one installation: false where another configuration made it."
  type        = bool
  default     = true
}

variable "controller_env" {
  description = "Environment of the controller, such as a proxy."
  type        = map(string)
  default     = {}
}

variable "paused_replicas" {
  description = "Number of replicas at which to freeze the target; null thaws it."
  type        = number
  default     = null
}
