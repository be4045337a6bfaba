sdt:tcp::tcp_probe { trace(args[0]); }
