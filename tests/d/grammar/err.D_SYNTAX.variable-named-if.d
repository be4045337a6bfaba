int if;
