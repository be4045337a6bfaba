BEGIN { trace(1); setopt("flowindent"); }
BEGIN { trace(2); setopt("flowindent", "off"); }
BEGIN { trace(3); exit(0); }
