io:::start, io:::done { trace(args[0]); }
