BEGIN { progenyof(); }
