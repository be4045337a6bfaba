BEGIN { inet_ntoa(1); }
