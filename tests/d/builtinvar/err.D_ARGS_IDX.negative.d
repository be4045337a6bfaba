sdt:sched::sched_switch { trace(args[-1]); }
