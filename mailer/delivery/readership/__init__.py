"""What is known of who read which mailing: the report, the terms of segments, and mailing an issue again."""
