BEGIN { @ = avg(execname); }
