BEGIN { copyin("x", 8); }
