"""What citizens report: sealed where it comes in, opened only with the office's key."""
