BEGIN { inet_ntop(2); }
