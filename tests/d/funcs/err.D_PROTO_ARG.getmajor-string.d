BEGIN { getmajor("x"); }
