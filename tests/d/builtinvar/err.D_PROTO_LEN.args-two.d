sdt:sched::sched_switch { trace(args[0, 1]); }
