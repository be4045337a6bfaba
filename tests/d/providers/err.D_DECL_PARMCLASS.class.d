provider foo { probe go(self int x); };
