import {
  to = keda_installation.this
  id = "keda"
}
