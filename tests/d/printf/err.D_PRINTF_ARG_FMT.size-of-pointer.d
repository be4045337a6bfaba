BEGIN { printf("%lp", curthread); }
