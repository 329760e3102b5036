output "vpc_id" {
  description = "Id of the network."
  value       = aws_vpc.this.id
}

output "subnets" {
  value = { for name, subnet in aws_subnet.private : name => subnet.id }
}
