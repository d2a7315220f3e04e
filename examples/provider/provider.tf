terraform {
  required_providers {
    keda = {
      source = "keda-tf/keda"
    }
  }
}

# The block takes what that of hashicorp/kubernetes takes. Nothing connects to
# the cluster before it is needed, so it may be made in the same run.
provider "keda" {
  config_path    = "~/.kube/config"
  config_context = "minikube"
}
