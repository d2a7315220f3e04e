# Parameters from a Secret, which need not be known to Terraform.
resource "keda_trigger_authentication" "sqs" {
  name      = "sqs"
  namespace = "default"

  secret_target_ref {
    parameter = "awsAccessKeyID"
    name      = "aws-credentials"
    key       = "AWS_ACCESS_KEY_ID"
  }

  secret_target_ref {
    parameter = "awsSecretAccessKey"
    name      = "aws-credentials"
    key       = "AWS_SECRET_ACCESS_KEY"
  }
}

# Parameters from HashiCorp Vault, with a ServiceAccount.
resource "keda_trigger_authentication" "vault" {
  name = "vault"

  hashicorp_vault {
    address        = "https://vault.vault.svc:8200"
    authentication = "kubernetes"
    role           = "keda"
    mount          = "kubernetes"

    credential {
      service_account = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    }

    secret {
      parameter = "password"
      path      = "secret/data/redis"
      key       = "password"
      type      = "secretV2"
    }
  }
}
