BEGIN { inet_ntop("x", alloca(8)); }
