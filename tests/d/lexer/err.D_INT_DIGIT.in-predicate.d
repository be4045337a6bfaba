BEGIN /08/ { exit(0); }
