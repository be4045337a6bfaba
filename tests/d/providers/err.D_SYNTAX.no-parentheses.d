provider foo { probe go; };
