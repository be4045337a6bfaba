BEGIN { copyin(8, "x"); }
