dtrace:::BEGIN { printf("1"); } :::BEGIN { printf("2"); } dtrace::: /probename == "BEGIN"/ { printf("3"); } BEG* { printf("4"); } dtr?ce:::[A-C]EGIN { printf("5\n"); exit(0); }
