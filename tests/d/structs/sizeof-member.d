struct s { char n[7]; short v; }; 
BEGIN { printf("%d %d\n", sizeof (((struct s *)0)->n), sizeof (((struct s *)0)->v)); exit(0); }
