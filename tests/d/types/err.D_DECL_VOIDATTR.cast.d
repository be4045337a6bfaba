BEGIN { trace((short void *)1); }
