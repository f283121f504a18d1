"""What `certsvc demo` sets up and issues: invented people, some of them ill today."""
