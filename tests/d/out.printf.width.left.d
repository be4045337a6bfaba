BEGIN { printf("[%-6d][%-6x]\n", 42, 42); exit(0); }
