provider foo { probe go(int); };
provider foo { probe go(int, int); };
