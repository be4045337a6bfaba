BEGIN { print("a\tb"); exit(0); }
