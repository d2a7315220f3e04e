variable "name" {
  description = "Name of the cluster, and beginning of all other names."
  type        = string
  default     = "keda-example"
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-west-3"
}

variable "subnet_ids" {
  description = "Subnets for the cluster and its nodes, in two availability zones at least."
  type        = list(string)
}

variable "consumer_image" {
  description = "Image of a program that receives messages from the queue in $QUEUE_URL and deletes them."
  type        = string
}
