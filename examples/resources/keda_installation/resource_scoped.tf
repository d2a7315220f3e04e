# For one team: its namespaces and labels only, Secrets from one namespace, and the token of one ServiceAccount.
resource "keda_installation" "team" {
  watch_namespaces                     = ["shop", "shop-jobs"]
  watch_label_selector                 = "team=shop"
  watch_label_selector_for_triggerauth = "team=shop"

  cluster_object_namespace = "shop-secrets"
  restrict_secret_access   = true

  service_account_tokens {
    account {
      namespace = "shop"
      name      = "vault-reader"
    }
  }
}
