provider foo { probe go(double); };
