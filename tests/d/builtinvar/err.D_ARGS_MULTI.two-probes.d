sdt:sched::sched_switch, sdt:signal::signal_generate { trace(args[0]); }
