BEGIN { substr("a"); }
