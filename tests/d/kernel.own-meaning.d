struct task_struct { int mine; }; struct task_struct t; BEGIN { t.mine = 4; printf("%d %d\n", t.mine, sizeof (struct task_struct)); exit(0); }
