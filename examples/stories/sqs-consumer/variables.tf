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
  description = "Environment of the controller. The default is what EKS puts into a pod whose ServiceAccount has a role, but with the token that every pod has, and with the stand-in for AWS' STS."
  type        = map(string)
  default = {
    AWS_ROLE_ARN                = "arn:aws:iam::000000000000:role/keda"
    AWS_WEB_IDENTITY_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    AWS_ENDPOINT_URL_STS        = "http://aws.sqs-demo.svc:9325"
    AWS_REGION                  = "eu-west-3"
  }
}
