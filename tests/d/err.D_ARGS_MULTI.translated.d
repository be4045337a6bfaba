io:::start, rawtp:block::block_rq_issue { trace(args[0]->b_bcount); }
