BEGIN { progenyof("init"); }
