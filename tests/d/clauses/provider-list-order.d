BEGIN { printf("%s ", probename); } dtrace:::BEGIN, dtrace:::END { printf("%s\n", probename); } BEGIN { exit(0); }
