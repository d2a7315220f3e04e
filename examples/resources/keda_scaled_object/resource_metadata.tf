# Any trigger type can be written as a map, with KEDA's own names. The keys and
# values are checked like those of the blocks.
resource "keda_scaled_object" "web" {
  name = "web"

  scale_target_ref {
    name = "web"
  }

  min_replica_count = 1
  max_replica_count = 5

  trigger {
    type = "prometheus"
    metadata = {
      serverAddress = "http://prometheus.monitoring:9090"
      query         = "sum(irate(http_requests_total[1m]))"
      threshold     = 100
    }
  }
}
