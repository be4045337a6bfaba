provider foo { probe go(int, ...); };
