BEGIN { htonl("x"); }
