# Takes over a KEDA that Helm installed into the namespace keda. Scaled objects go on working.
resource "keda_installation" "adopted" {
  namespace        = "keda"
  create_namespace = false
  adopt            = true
}
