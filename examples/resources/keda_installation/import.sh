# The ID is the namespace.
terraform import keda_installation.this keda
