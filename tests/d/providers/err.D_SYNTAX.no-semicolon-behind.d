provider foo { probe go(); }
