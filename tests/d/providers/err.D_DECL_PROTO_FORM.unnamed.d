provider foo { probe go(int a) : (int); };
