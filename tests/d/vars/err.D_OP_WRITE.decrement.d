BEGIN { --uid; }
