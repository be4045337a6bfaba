provider foo { probe go(int, void); };
