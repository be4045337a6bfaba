provider dtrace { probe NOSUCH(int); };
