# The template can stay in YAML.
resource "keda_scaled_job" "nightly" {
  name = "nightly"

  job_template = yamldecode(<<-YAML
    template:
      spec:
        restartPolicy: OnFailure
        containers:
        - name: report
          image: registry.example.com/report:2.1.0
          resources:
            requests: { cpu: 100m, memory: 64Mi }
  YAML
  )

  trigger {
    metrics_api {
      url            = "http://queue.default.svc/stats"
      value_location = "waiting"
      target_value   = 10
    }
  }
}
