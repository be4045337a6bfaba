BEGIN { printf("[%6.3d][%-6.3d]\n", 5, 5); exit(0); }
