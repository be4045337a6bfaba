provider foo { probe go(void x); };
