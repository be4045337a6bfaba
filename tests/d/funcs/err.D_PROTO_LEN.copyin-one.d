BEGIN { copyin(0); }
