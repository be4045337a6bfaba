io:::start { trace(args[0]->b_count); }
