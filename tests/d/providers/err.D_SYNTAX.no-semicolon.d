provider foo { probe go() };
