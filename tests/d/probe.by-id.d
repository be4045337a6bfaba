/* BEGIN is the first of all probes, END the second. */
1 { printf("%s\n", probename); exit(0); }
2 { printf("%s\n", probename); }
