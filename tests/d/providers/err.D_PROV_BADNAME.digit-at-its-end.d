provider foo1 { probe go(); };
