struct s { int a; };
provider foo { probe go(int a) : (struct s a); };
