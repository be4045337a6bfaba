provider foo { probe go(int); probe go(int); };
