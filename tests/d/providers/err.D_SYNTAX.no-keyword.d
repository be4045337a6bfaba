provider foo { go(); };
