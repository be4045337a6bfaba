provider foo { probe go(int); };
provider foo { probe stop(int); };
