BEGIN { discard("x"); }
