BEGIN { printf("%s %s\n", fds[-1].fi_name, fds[1000000].fi_pathname); exit(0); }
