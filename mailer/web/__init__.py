"""The pages: for those who run this Pressrun under /admin, for readers everywhere else."""
