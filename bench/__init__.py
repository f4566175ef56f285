"""The benchmarks: each one command, each printing ratios as JSON."""
